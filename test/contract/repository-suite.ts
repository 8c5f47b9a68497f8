// The conformance suite: every format runs it on every store, and every sentence of the contract in
// lib/repository/repository.ts is in it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { partName } from '../../lib/backup/name.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { Source } from '../../lib/source/source.ts';
import type { Store } from '../../lib/store/store.ts';
import { scratch } from '../support/scratch.ts';
import { addTests, failingAddTests } from './repository-add.ts';
import {
  damaged,
  faultyStore,
  namesOf,
  newBackup,
  openWorld,
  type OpenWorld,
  type RepositoryFormat,
  source,
  statesOf,
  type World,
} from './repository-world.ts';
import { contentsOf, type OpenedStore, putAll } from './store-world.ts';

/** Runs the suite for a format, on stores that `open` makes, a new one for each test. */
export function repositorySuite(
  name: string,
  format: RepositoryFormat,
  open: () => Promise<OpenedStore>,
): void {
  const openEmpty = () => openWorld(format, open);
  describe(`${name}: the repository contract`, () => {
    describe('list', () => listTests(format, openEmpty));
    describe('a backup that is added', () => addTests(format, openEmpty));
    describe('an add that does not come to its end', () => failingAddTests(format, openEmpty));
    describe('fetch', () => fetchTests(format, openEmpty));
    describe('prove', () => proveTests(format, openEmpty));
    describe('condemn', () => condemnTests(format, openEmpty));
    describe('remove', () => removeTests(format, openEmpty));
    describe('sweep', () => sweepTests(format, openEmpty));
  });
}

const target = () => join(scratch(), 'copy.db');
const away = new OpsError('unavailable', 'cannot reach the store: told to fail');

async function entryOf({ repository }: World, name: string): Promise<CatalogueEntry> {
  const entry = (await repository.list()).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`${name} is not listed`);
  return entry;
}

function listTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf } = namesOf(format);

  it('is empty at first', async () => {
    expect(await (await open()).repository.list()).toEqual([]);
  });

  it('shows every backup, newest first, each with its state, and changes nothing', async () => {
    const world = await open();
    const { store, repository } = world;
    for (const day of [1, 3, 2, 5, 6]) {
      const suspect = day === 5 ? ['rows fell'] : [];
      await repository.add(await newBackup(world, day, { suspect, refreshLatest: day === 6 }));
    }
    await putAll(store, [nameOf(4), 'backups/ctv/mine.db', 'backups/other/other-20261101T020513Z.db']);
    await format.loseBytes(store, nameOf(3));
    await format.spoilDescription(store, two);
    const before = await contentsOf(store);
    const { 'backups/ctv/mine.db': foreign, ...states } = await statesOf(repository);
    expect(Object.entries(states)).toEqual([
      [nameOf(6), 'proven'],
      [nameOf(5), 'suspect'],
      [nameOf(4), 'unfinished'],
      [nameOf(3), 'lost'],
      [two, 'damaged'],
      [one, 'proven'],
    ]);
    expect(foreign).toBe('foreign');
    expect(await contentsOf(store)).toEqual(before);
  });

  it.each(['damaged', 'missing', 'refused', 'usage', 'denied', 'io'] as const)(
    'calls one backup damaged whose description cannot be read (%s), and shows the others as they are',
    async (kind) => {
      const world = await open();
      for (const day of [1, 2]) await world.repository.add(await newBackup(world, day));
      const { store } = world;
      const isOfTwo = (name: string) => name.startsWith(two.replace(/db$/, ''));
      const error = new OpsError(kind, 'cannot read it: told to fail');
      const read = (name: string) => (isOfTwo(name) ? Promise.reject(error) : store.read(name));
      expect(await statesOf(world.reopen({ ...store, read }))).toEqual({ [two]: 'damaged', [one]: 'proven' });
    },
  );

  it.each(['list', 'read'] as const)('throws when the store does not answer to %s', async (call) => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const view = { ...world.store, [call]: () => Promise.reject(away) };
    await expect(world.reopen(view).list()).rejects.toBe(away);
    expect(await statesOf(world.repository)).toEqual({ [one]: 'proven' });
  });
}

function fetchTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, nameOf } = namesOf(format);

  it('gives the bytes that were added, with their digest', async () => {
    const world = await open();
    const backup = await newBackup(world, 1);
    const bytes = readFileSync(backup.file.path);
    await world.repository.add(backup);
    const path = target();
    const got = await world.repository.fetch(await entryOf(world, one), path);
    expect(got).toMatchObject({ path, sha256: backup.file.sha256 });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('never takes the place of a file', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const path = target();
    writeFileSync(path, 'mine');
    const entry = await entryOf(world, one);
    await expect(world.repository.fetch(entry, path)).rejects.toMatchObject({ kind: 'refused' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it.each<[string, Partial<CatalogueEntry>, string]>([
    ['does not fit here', { sizeBytes: 1e18 }, 'io'],
    ['is not there', { name: nameOf(9) }, 'missing'],
  ])('leaves nothing when the backup %s', async (_, changes, kind) => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const path = target();
    const entry = { ...(await entryOf(world, one)), ...changes };
    await expect(world.repository.fetch(entry, path)).rejects.toMatchObject({ kind });
    expect(existsSync(path)).toBe(false);
  });

  it('leaves nothing when the store does not answer', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const path = target();
    const fails = () => Promise.reject(away);
    const view = { ...world.store, get: fails, ...(world.store.openInPlace && { openInPlace: fails }) };
    await expect(world.reopen(view).fetch(await entryOf(world, one), path)).rejects.toBe(away);
    expect(existsSync(path)).toBe(false);
  });
}

function proveTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf } = namesOf(format);

  const proof = async (world: World, name: string) =>
    world.repository.prove(await entryOf(world, name), source, target());

  it('proves what was added', async () => {
    const world = await open();
    const { manifest, ...backup } = await newBackup(world, 3);
    const { sizeBytes, sha256 } = backup.file;
    await world.repository.add({ manifest, ...backup });
    const path = target();
    expect(await world.repository.prove(await entryOf(world, nameOf(3)), source, path)).toEqual({
      ...{ backup: nameOf(3), sound: true, proven: true, basis: 'check', problems: [] },
      ...{ sizeBytes, sha256, tables: 1, rows: 3 },
    });
    expect(existsSync(path)).toBe(true);
  });

  it.each<[string, (world: World) => Promise<unknown>, RegExp]>([
    [
      'bytes are not those of the manifest',
      ({ store }) => format.alterBytes(store, one),
      /bytes were altered/,
    ],
    ['manifest cannot be used', ({ store }) => format.spoilDescription(store, one), /not JSON/],
  ])('calls a backup unsound whose %s', async (_, change, problem) => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    await change(world);
    const { sound, proven, problems } = await proof(world, one);
    expect({ sound, proven }).toEqual({ sound: false, proven: false });
    expect(problems.join('; ')).toMatch(problem);
  });

  it('does not read one whose manifest cannot be used', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    await format.spoilDescription(world.store, one);
    const path = target();
    await world.repository.prove(await entryOf(world, one), source, path);
    expect(existsSync(path)).toBe(false);
  });

  it('calls a backup unsound that is damaged as its manifest says it is', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1, { bytes: damaged }));
    const { sound, proven, problems } = await proof(world, one);
    expect({ sound, proven }).toEqual({ sound: false, proven: false });
    expect(problems).not.toEqual([]);
  });

  it('calls a backup unsound in which its engine finds damage', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const strict: Source = {
      ...source,
      async measure(...given) {
        const { facts, integrity } = await source.measure(...given);
        return { facts, integrity: { ...integrity, problems: ['row 1 missing from index i'] } };
      },
    };
    expect(await world.repository.prove(await entryOf(world, one), strict, target())).toMatchObject({
      ...{ sound: false, proven: false },
      problems: ['integrity check: row 1 missing from index i'],
    });
  });

  it('calls a backup unsound that is not what its manifest says', async () => {
    const world = await open();
    const tables = [{ name: 'ledger', rows: 1000 }];
    await world.repository.add(await newBackup(world, 1, { tables }));
    expect(await proof(world, one)).toMatchObject({
      ...{ sound: false, proven: false },
      problems: ['table ledger has 1 row, the manifest says 1,000'],
    });
  });

  it('calls what has no manifest sound when its engine does, and proven never', async () => {
    const world = await open();
    const { file } = await newBackup(world, 5);
    await world.store.put(two, file);
    expect(await proof(world, two)).toMatchObject(
      format.ending === '.db'
        ? { sound: true, proven: false, problems: [], rows: 5 }
        : {
            sound: false,
            proven: false,
            problems: [expect.stringMatching(/no manifest|not what was sealed/)],
          },
    );
    await putAll(world.store, ['backups/ctv/mine.db'], 'no database');
    expect(await proof(world, 'backups/ctv/mine.db')).toMatchObject({ sound: false, proven: false });
  });

  it('throws what kept it from finding out', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const entry = await entryOf(world, one);
    const view = { ...world.store, get: () => Promise.reject(away) };
    await expect(world.reopen(view).prove(entry, source, target())).rejects.toBe(away);
    const broken = { ...source, measure: () => Promise.reject(new OpsError('io', 'told to fail')) };
    await expect(world.repository.prove(entry, broken, target())).rejects.toMatchObject({ kind: 'io' });
  });
}

const found = {
  ...{ foundAt: new Date('2026-11-19T04:00:00Z'), foundBy: 'restore drill' },
  ...{ problem: 'its bytes were altered', host: 'pi5', runId: 'r-1' },
};

function condemnTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf } = namesOf(format);

  it('makes a backup damaged for every run from then on, and no other', async () => {
    const world = await open();
    for (const day of [1, 2]) await world.repository.add(await newBackup(world, day));
    await world.repository.condemn(await entryOf(world, two), found);
    for (const repository of [world.repository, world.reopen()])
      expect(await statesOf(repository)).toEqual({ [two]: 'damaged', [one]: 'proven' });
    const { problem, isBad } = await entryOf(world, two);
    expect(problem).toBe('found damaged on 2026-11-19 04:00:00Z by restore drill: its bytes were altered');
    expect(isBad).toBe(true);
    const proof = await world.repository.prove(await entryOf(world, two), source, target());
    expect(proof).toMatchObject({ sound: false, proven: false, problems: [problem] });
  });

  it('goes with the backup, and says nothing of other bytes of that name', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const before = await contentsOf(world.store);
    const entry = await entryOf(world, one);
    for (let again = 0; again < 2; again += 1) await world.repository.condemn(entry, found);
    await world.repository.list();
    await world.repository.remove(one);
    const left = Object.keys(await contentsOf(world.store));
    expect(left.filter((name) => name in before)).toEqual([]);
    expect(left).toEqual([]);

    await world.repository.condemn(entry, found); // late
    await world.repository.add(await newBackup(world, 1, { bytes: damaged }));
    expect(await statesOf(world.repository)).toEqual({ [one]: 'proven' });
  });

  it('says nothing of what has no manifest', async () => {
    const world = await open();
    await putAll(world.store, [nameOf(3)]);
    const before = await contentsOf(world.store);
    await world.repository.condemn(await entryOf(world, nameOf(3)), found);
    expect(await contentsOf(world.store)).toEqual(before);
  });
}

function removeTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf } = namesOf(format);

  const prepare = async () => {
    const world = await open();
    for (const day of [1, 2, 3])
      await world.repository.add(await newBackup(world, day, { refreshLatest: true }));
    return world;
  };

  it('removes the backup and nothing else; again is fine', async () => {
    const world = await prepare();
    const before = await contentsOf(world.store);
    for (let again = 0; again < 2; again += 1) await world.repository.remove(two);
    expect(await statesOf(world.repository)).toEqual({ [nameOf(3)]: 'proven', [one]: 'proven' });
    const after = await contentsOf(world.store);
    const gone = Object.keys(before).filter((name) => !(name in after));
    expect(gone.every((name) => name.startsWith(two.slice(0, -format.ending.length)))).toBe(true);
    expect(before).toMatchObject(after);
    expect(after[namesOf(format).latestName]).toBeDefined();
    expect(await world.repository.holderOf(two)).toBeUndefined();
  });

  it('leaves what was put in the place of a backup since it was listed', async () => {
    const world = await prepare();
    await world.repository.list();
    await format.alterBytes(world.store, two);
    const before = await contentsOf(world.store);
    await expect(world.repository.remove(two)).rejects.toMatchObject({ kind: 'refused' });
    expect(await contentsOf(world.store)).toEqual(before);
    await world.repository.list();
    await world.repository.remove(two);
    expect(Object.keys(await contentsOf(world.store))).not.toContain(two);
  });

  it('leaves a lost backup, which can be removed, when the process dies in between', async () => {
    const seen = new Set<string | undefined>();
    for (let at = 0; ; at += 1) {
      const world = await prepare();
      const view = faultyStore(world.store, at, 'dies before');
      const removed = world
        .reopen(view)
        .remove(two)
        .then(() => 'removed' as const);
      if ((await Promise.race([removed, view.died])) === 'removed') break;
      const state = (await statesOf(world.repository))[two];
      expect(['proven', 'lost']).toContain(state);
      seen.add(state);
      await world.repository.remove(two);
      expect(await statesOf(world.repository)).toEqual({ [nameOf(3)]: 'proven', [one]: 'proven' });
    }
    expect(seen).toContain('lost');
  });

  it('removes what is left of a lost one', async () => {
    const world = await prepare();
    await format.loseBytes(world.store, two);
    await world.repository.remove(two);
    expect(await statesOf(world.repository)).toEqual({ [nameOf(3)]: 'proven', [one]: 'proven' });
  });
}

function sweepTests(format: RepositoryFormat, open: OpenWorld): void {
  it('takes away what was never finished, when nobody can be at work on it', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    const orphan = `backups/ctv/ctv-20200101T020513Z${format.ending}`;
    const parts = [orphan, partName(orphan, 2)];
    await putAll(world.store, parts);
    const before = await contentsOf(world.store);
    // It has just arrived, so somebody may be: on another machine, whose clock is wrong.
    expect(await world.repository.sweep()).toEqual([]);
    expect(await contentsOf(world.store)).toEqual(before);
    const swept = await world.reopen(receivedLongAgo(world.store, parts)).sweep();
    const gone = format.ending.startsWith('.pages') ? parts : [];
    expect(swept).toEqual(gone.slice(0, 1));
    const after = Object.fromEntries(Object.entries(before).filter(([name]) => !gone.includes(name)));
    expect(await contentsOf(world.store)).toEqual(after);
  });
}

/** The store as it is when it has had these for years. */
function receivedLongAgo(store: Store, names: readonly string[]): Store {
  return {
    ...store,
    list: async (prefix) =>
      (await store.list(prefix)).map((stored) =>
        names.includes(stored.name) ? { ...stored, modifiedAt: new Date('2020-01-02T00:00:00Z') } : stored,
      ),
    remove: async (name) => store.remove(name, { expected: await store.stat(name) }),
  };
}

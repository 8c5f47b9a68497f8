// Part of the repository conformance suite: a backup is added whole or not at all, whatever fails, and whenever.
import { expect, it } from 'vitest';
import type { NewBackup } from '../../lib/repository/repository.ts';
import { scratch } from '../support/scratch.ts';
import {
  type Fault,
  faultyStore,
  namesOf,
  newBackup,
  type OpenWorld,
  type RepositoryFormat,
  source,
  statesOf,
  type World,
} from './repository-world.ts';
import { contentsOf, makeFile, putAll } from './store-world.ts';

async function proves(world: World, name: string): Promise<boolean> {
  const repository = world.reopen();
  const entry = (await repository.list()).find((each) => each.name === name);
  if (entry === undefined) throw new Error(`${name} is not listed`);
  return (await repository.prove(entry, source, `${scratch()}/copy.db`)).proven;
}

export function addTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf, latestName } = namesOf(format);

  it('lists what was added as proven, and gives its bytes back', async () => {
    const world = await open();
    const backup = await newBackup(world, 1);
    expect(await world.repository.holderOf(one)).toBeUndefined();
    const added = await world.repository.add(backup);
    expect(added.blocked).toBeUndefined();
    const [entry, ...others] = await world.reopen().list();
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ name: one, state: 'proven', manifest: added.manifest });
    expect(added).toMatchObject({ manifest: backup.manifest, storedBytes: entry?.storedBytes });
    expect(await world.repository.holderOf(one)).toBe(one);
    expect(await proves(world, one)).toBe(true);
  });

  it('keeps what was noted of it', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1, { note: 'before the import' }));
    expect((await world.reopen().list())[0]).toMatchObject({ manifest: { note: 'before the import' } });
    // Another machine, which remembers nothing, and has the identity of what is sealed.
    const [elsewhere] = await world.reopen(world.store, { stateDirectory: scratch() }).list();
    expect(elsewhere).toMatchObject({ state: 'proven', manifest: { note: 'before the import' } });
  });

  it('lists as suspect what has reasons to be', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1, { suspect: ['table orders is gone'] }));
    expect(await statesOf(world.repository)).toEqual({ [one]: 'suspect' });
  });

  it('refreshes the latest copy, and sends the bytes once', async () => {
    const world = await open();
    const view = faultyStore(world.store, -1, 'fails');
    for (const day of [1, 2]) {
      const backup = await newBackup(world, day, { refreshLatest: true });
      const { sha256 } = backup.file;
      await world.reopen(view).add(backup);
      const contents = await contentsOf(world.store);
      expect(await hashIn(world, latestName)).toBe(sha256);
      if (format.isPlain) expect(contents[nameOf(day)]).toBe(contents[latestName]);
      expect(await proves(world, nameOf(day))).toBe(true);
    }
    const large = view.changes.filter((change) => change.startsWith('put latest/'));
    expect(large).toEqual([`put ${latestName}`, `put ${latestName}`]);
    const own = view.changes.filter((change) => change === `put ${one}`);
    expect(own).toHaveLength(format.isPlain ? 0 : 1);
    expect(await statesOf(world.repository)).toEqual({ [two]: 'proven', [one]: 'proven' });
  });

  it('stands without the latest copy when that name is blocked, and says why', async () => {
    const world = await open();
    await putAll(world.store, ['latest']);
    const { blocked } = await world.repository.add(await newBackup(world, 1, { refreshLatest: true }));
    expect(blocked).toMatchObject({ kind: 'refused' });
    expect(await proves(world, one)).toBe(true);
  });

  it('puts a latest copy by itself, as backups are stored, and says where its name is blocked', async () => {
    const world = await open();
    for (const day of [1, 2]) {
      const { file, scratch: own } = await newBackup(world, day);
      const { sha256 } = file;
      expect(await world.repository.refreshLatest({ file, scratch: own })).toBeUndefined();
      const { sizeBytes = 0 } = (await world.store.stat(latestName)) ?? {};
      const copy = await world.repository.fetch({ name: latestName, sizeBytes }, `${scratch()}/copy.db`);
      expect(copy.sha256).toBe(sha256);
    }
    expect(await statesOf(world.repository)).toEqual({});
    const blocked = await open();
    await putAll(blocked.store, ['latest']);
    const backup = await newBackup(blocked, 3);
    expect(await blocked.repository.refreshLatest(backup)).toMatchObject({ kind: 'refused' });
  });

  it('overwrites nothing, whole or not', async () => {
    const world = await open();
    await world.repository.add(await newBackup(world, 1));
    await putAll(world.store, [two], 'unfinished');
    await world.repository.add(await newBackup(world, 3));
    await world.format.loseBytes(world.store, nameOf(3));
    const before = await contentsOf(world.store);
    for (const name of [one, two, nameOf(3)]) {
      expect(await world.repository.holderOf(name)).toMatch(/^backups\/ctv\//);
      for (const refreshLatest of [false, true]) {
        const backup = await newBackup(world, 4, { backup: name, refreshLatest });
        await expect(world.repository.add(backup)).rejects.toMatchObject({ kind: 'refused' });
      }
    }
    await world.repository.finishPending();
    const { [latestName]: latest, ...after } = await contentsOf(world.store);
    expect(latest !== undefined).toBe(format.isPlain); // the bytes go there first, where they are sent once
    expect(after).toEqual(before);
    expect(await statesOf(world.repository)).toEqual({
      [nameOf(3)]: 'lost',
      [two]: 'unfinished',
      [one]: 'proven',
    });
  });

  it('finds out before it sends that a store elsewhere is full', async () => {
    const world = await open();
    const view = faultyStore(world.store, -1, 'fails');
    const full = { ...view, isRemote: true, space: async () => ({ freeBytes: 100, totalBytes: 1000 }) };
    await expect(world.reopen(full).add(await newBackup(world, 1))).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/it is full: .* 100 B of 1 kB are free/) as string,
    });
    expect(view.changes).toEqual([]);
  });
}

/** Does `work` for each call in turn that changes the store, until there are no more; returns how many there were. */
async function atEachChange(work: (at: number) => Promise<'reached' | 'not reached'>): Promise<number> {
  for (let at = 0; ; at += 1) if ((await work(at)) === 'not reached') return at;
}

/** An earlier backup, which is also the latest copy, and a new one that is to replace the latter. */
async function prepare(open: OpenWorld): Promise<{ world: World; backup: NewBackup; earlier: string }> {
  const world = await open();
  const first = await newBackup(world, 1, { refreshLatest: true });
  await world.repository.add(first);
  const backup = await newBackup(world, 2, { refreshLatest: true });
  return { world, backup, earlier: first.file.sha256 };
}

export function failingAddTests(format: RepositoryFormat, open: OpenWorld): void {
  const { one, two, nameOf, latestName } = namesOf(format);

  it('leaves nothing of the backup, whichever change of the store fails', async () => {
    const reached = await atEachChange(async (at) => {
      const { world, backup, earlier } = await prepare(open);
      const view = faultyStore(world.store, at, 'fails');
      const added = await world
        .reopen(view)
        .add(backup)
        .then(
          () => true,
          () => false,
        );
      if (added) return 'not reached';
      await requireEitherLatest(world, latestName, [earlier, backup.file.sha256]);
      expect(await statesOf(world.repository)).toEqual({ [one]: 'proven' });
      await world.reopen().finishPending();
      expect(await statesOf(world.repository)).toEqual({ [one]: 'proven' });
      await world.reopen().add(await newBackup(world, 2));
      expect(await statesOf(world.repository)).toEqual({ [two]: 'proven', [one]: 'proven' });
      return 'reached';
    });
    expect(reached).toBeGreaterThanOrEqual(3);
  });

  it('is completed by the next run when what was put could not be taken back', async () => {
    const { world, backup } = await prepare(open);
    const healthy = faultyStore(world.store, -1, 'fails');
    await world.reopen(healthy).add(await newBackup(world, 3, { refreshLatest: true }));
    const view = faultyStore(world.store, healthy.changes.length - 1, 'fails');
    const cannot = { ...view, remove: () => Promise.reject(new Error('cannot be reached')) };
    await expect(world.reopen(cannot).add(backup)).rejects.toThrow('told to fail');
    expect(await statesOf(world.repository)).toMatchObject({ [two]: 'unfinished' });
    await world.reopen().finishPending();
    expect(await proves(world, two)).toBe(true);
  });

  it.each<Fault>(['dies before', 'dies after'])(
    'is completed by the next run or does not count, when the process %s any change of the store',
    async (fault) => {
      const seen = new Set<string | undefined>();
      const reached = await atEachChange(async (at) => {
        const { world, backup, earlier } = await prepare(open);
        const { sha256 } = backup.file;
        const view = faultyStore(world.store, at, fault);
        const ended = await Promise.race([world.reopen(view).add(backup), view.died]);
        if (ended !== undefined) return 'not reached';
        await requireEitherLatest(world, latestName, [earlier, sha256]);
        const now = (await statesOf(world.repository))[two];
        expect([undefined, 'unfinished', 'proven']).toContain(now);
        for (let again = 0; again < 2; again += 1) await world.reopen().finishPending();
        const after = await statesOf(world.repository);
        const isFinished = now !== undefined || !format.isPlain;
        expect(after).toEqual(isFinished ? { [two]: 'proven', [one]: 'proven' } : { [one]: 'proven' });
        if (isFinished) expect(await proves(world, two)).toBe(true);
        seen.add(now);
        return 'reached';
      });
      expect(reached).toBeGreaterThanOrEqual(3);
      expect(seen).toContain('unfinished');
    },
  );

  it('does not count when other bytes have its name by then', async () => {
    const { world, backup } = await prepare(open);
    const view = faultyStore(world.store, 0, 'dies before');
    await Promise.race([world.reopen(view).add(backup), view.died]);
    const other = Buffer.alloc(backup.manifest.sizeBytes, 'other bytes');
    await world.store.put(two, await makeFile(other));
    await world.reopen().finishPending();
    expect(await statesOf(world.repository)).toEqual({ [two]: 'unfinished', [one]: 'proven' });
  });

  it('is not forgotten by an add that comes before it was finished', async () => {
    const { world, backup } = await prepare(open);
    const view = faultyStore(world.store, 1, 'dies after');
    await Promise.race([world.reopen(view).add(backup), view.died]);
    await world.reopen().add(await newBackup(world, 3));
    expect(await statesOf(world.repository)).toEqual({
      [nameOf(3)]: 'proven',
      [two]: 'proven',
      [one]: 'proven',
    });
  });
}

async function requireEitherLatest(world: World, latestName: string, hashes: string[]): Promise<void> {
  expect(hashes).toContain(await hashIn(world, latestName));
}

/** Of what comes out of a file of the store. */
async function hashIn(world: World, name: string): Promise<string> {
  const { sizeBytes } = (await world.store.stat(name)) ?? { sizeBytes: 0 };
  return (await world.reopen().fetch({ name, sizeBytes }, `${scratch()}/copy.db`)).sha256;
}

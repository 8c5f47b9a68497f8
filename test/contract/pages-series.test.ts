// What is the format of pages' own: series that go on, on one machine or by mistake on two, whatever is lost, set back or killed.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usualPages } from '../../lib/backup/pages-policy.ts';
import { manifestName } from '../../lib/backup/name.ts';
import { silentLog } from '../../lib/base/log.ts';
import type { RepositoryOptions } from '../../lib/repository/options.ts';
import type { Added, Repository } from '../../lib/repository/repository.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import type { Store } from '../../lib/store/store.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { scratch } from '../support/scratch.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import {
  faultyStore,
  largerKind,
  namesOf,
  newBackup,
  openWorld,
  source,
  statesOf,
  useKind,
  type World,
} from './repository-world.ts';
import { contentsOf } from './store-world.ts';

beforeAll(() => useKind(largerKind()));
afterAll(() => useKind());

const { nameOf, one, two, three } = namesOf(pages);

/** A world with a store whose objects can be set back, and a state directory of its own. */
async function openSeries(policy: Partial<RepositoryOptions['pages']> = {}) {
  const objects = new Map<string, MemoryObject>();
  const clock = fixedClock('2026-11-28T22:30:00Z');
  const store = memoryStore({ clock, log: silentLog, isRemote: true, tellsContentHash: true, objects });
  const world = await openWorld(pages, async () => opened(store));
  const stateDirectory = scratch();
  const log = recordingLog();
  const machine = (changes: Partial<RepositoryOptions> = {}, view: Store = store) =>
    world.reopen(view, { stateDirectory, log, clock, pages: { ...usualPages, ...policy }, ...changes });
  const state = join(stateDirectory, 'pages/ctv');
  return { world, store, objects, machine, stateDirectory, state, log, clock };
}

/** Which of them, on what, of how many bytes: what becomes of a backup. */
function place({ manifest, made, why }: Added) {
  const { level, sequence, base } = manifest.stored?.pages ?? { level: -1, sequence: -1, base: undefined };
  return { made, level, sequence, base: base?.name, why };
}

function warnings({ lines }: ReturnType<typeof recordingLog>) {
  return lines.filter(({ level }) => level === 'warn');
}

async function add(world: World, repository: Repository, day: number, changes = {}): Promise<Added> {
  return repository.add(await newBackup(world, day, changes));
}

/** Every backup that is listed as sound has to give its database back. */
async function requireAllProven(repository: Repository, names: readonly string[]): Promise<void> {
  const entries = await repository.list();
  const sound = entries.filter(({ state }) => state === 'proven' || state === 'suspect');
  expect(sound.map(({ name }) => name).sort()).toEqual([...names].sort());
  for (const entry of sound) {
    const proof = await repository.prove(entry, source, join(scratch(), 'copy.db'));
    expect({ name: entry.name, ...proof }).toMatchObject({ name: entry.name, proven: true, problems: [] });
  }
}

describe('a series', () => {
  /** A backup of that hour of the second day. */
  const at = (hour: number) => ({
    backup: nameOf(2).replace('T020513Z', `T${String(hour).padStart(2, '0')}0000Z`),
    takenAt: new Date(`2026-11-02T${String(hour).padStart(2, '0')}:00:00Z`),
  });

  it('goes on with increments on the first one of the day, and goes up a level no further', async () => {
    const { world, machine } = await openSeries();
    const made = [place(await add(world, machine(), 1))];
    for (const hour of [3, 4, 5]) made.push(place(await add(world, machine(), hour, at(hour))));
    expect(made.map(({ level, sequence, base }) => ({ level, sequence, base }))).toEqual([
      { level: 0, sequence: 0, base: undefined },
      { level: 1, sequence: 1, base: one },
      { level: 2, sequence: 2, base: at(3).backup },
      { level: 2, sequence: 3, base: at(3).backup },
    ]);
    await requireAllProven(machine(), [one, ...[3, 4, 5].map((hour) => at(hour).backup)]);
  });

  it.each<[1 | 2 | 3, string[]]>([
    [1, [one]],
    [2, [one, at(3).backup]],
    [3, [one, at(3).backup, at(4).backup]],
  ])('of %i levels keeps the digests of those alone that others are based on', async (levels, bases) => {
    const { world, store, machine, state } = await openSeries({ levels });
    const names = (directory: string) => readdirSync(join(state, directory)).sort();
    const spooled: string[] = [];
    const put: Store['put'] = async (name, ...given) => {
      if (name.endsWith('.pages')) spooled.push(...names(join('spool', basename(name))));
      return store.put(name, ...given);
    };
    await add(world, machine({}, { ...store, put }), 1);
    for (const hour of [3, 4, 5]) await add(world, machine({}, { ...store, put }), hour, at(hour));
    expect(names('digests')).toEqual(bases.map((name) => basename(name)));
    expect(spooled.filter((name) => name === 'digests')).toHaveLength(bases.length);
  });

  it('never builds on what is suspect, which begins none where it need not', async () => {
    const { world, machine } = await openSeries({ full: 'weekly' });
    await add(world, machine(), 1);
    const suspect = place(await add(world, machine(), 3, { suspect: ['rows fell'] }));
    expect(suspect).toMatchObject({ made: 'increment', base: one });
    expect(place(await add(world, machine(), 4))).toMatchObject({
      made: 'full',
      why: 'it is the first of a week',
    });
    const { world: other, machine: first } = await openSeries();
    await add(other, first(), 1, { suspect: ['rows fell'] });
    expect(place(await add(other, first(), 2)).made).toBe('full');
  });

  it.each<[string, (of: { state: string }) => void, object]>([
    ['its record is lost', ({ state }) => rmSync(join(state, 'series.json')), { made: 'full' }],
    [
      'its record is of something else',
      ({ state }) => writeFileSync(join(state, 'series.json'), '{}'),
      { made: 'full' },
    ],
    [
      'the digests are lost',
      ({ state }) => rmSync(join(state, 'digests'), { recursive: true }),
      { made: 'full', why: `the digests of the pages of ${one} are lost` },
    ],
    [
      'the digests are those of another',
      ({ state }) => spoil(join(state, 'digests', 'ctv-20261101T020513Z.pages')),
      { made: 'full' },
    ],
    [
      'the kept full is gone',
      ({ state }) => rmSync(join(state, 'full.db')),
      { made: 'increment', base: one },
    ],
    [
      'the kept full is damaged',
      ({ state }) => spoil(join(state, 'full.db')),
      { made: 'increment', base: one },
    ],
    ['the whole state is gone', ({ state }) => rmSync(state, { recursive: true }), { made: 'full' }],
  ])('makes what restores when %s', async (_, change, expected) => {
    const { world, machine, state } = await openSeries();
    await add(world, machine(), 1);
    change({ state });
    expect(place(await add(world, machine(), 2))).toMatchObject(expected);
    await requireAllProven(machine(), [one, two]);
  });

  it('works without a kept full, and drops the one there was with the next full', async () => {
    const { world, machine, state } = await openSeries();
    await add(world, machine(), 1);
    expect(readFileSync(join(state, 'full.db')).length).toBeGreaterThan(0);
    const without = { pages: { ...usualPages, keepsFull: false, full: 'weekly' as const } };
    expect(place(await add(world, machine(without), 2)).made).toBe('full'); // a Monday
    expect(() => readFileSync(join(state, 'full.db'))).toThrow('ENOENT');
    expect(place(await add(world, machine(without), 3)).made).toBe('increment');
    await requireAllProven(machine(), [one, two, three]);
  });
});

/** Changes a byte in the middle, and not how many there are. */
function spoil(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  // Of the kept full whatever page the next increment needs is the one.
  for (let at = 0; at < bytes.length; at += 4096) bytes[at + 100] = (bytes[at + 100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('two of them', () => {
  it('notices another machine that goes on with the series, and begins one of its own', async () => {
    const { world, machine, stateDirectory } = await openSeries();
    await add(world, machine(), 1);
    const copy = scratch();
    await cp(stateDirectory, copy, { recursive: true });
    const other = () => machine({ stateDirectory: copy });
    expect(place(await add(world, machine(), 2))).toMatchObject({ made: 'increment', sequence: 1 });
    const noticed = place(await add(world, other(), 3));
    expect(noticed).toMatchObject({
      made: 'full',
      why: expect.stringContaining('another machine writes it') as string,
    });
    expect(place(await add(world, machine(), 4))).toMatchObject({ made: 'increment', sequence: 2 });
    expect(place(await add(world, other(), 5))).toMatchObject({ made: 'increment', base: three });
    await requireAllProven(machine(), [1, 2, 3, 4, 5].map(nameOf));
  });

  it('notices one that was quicker while the pages were sent', async () => {
    const { world, machine, store, stateDirectory, log } = await openSeries();
    await add(world, machine(), 1);
    const copy = scratch();
    await cp(stateDirectory, copy, { recursive: true });
    const racing = beforeManifest(store, two, () => add(world, machine({ stateDirectory: copy }), 3));
    expect(place(await add(world, machine({}, racing), 2))).toMatchObject({ made: 'full' });
    expect(warnings(log)).toMatchObject([{ fields: { why: expect.stringContaining(three) as string } }]);
    await requireAllProven(machine(), [one, two, three]);
  });

  it('makes a full of the machine that was set back', async () => {
    const { world, machine, stateDirectory } = await openSeries();
    await add(world, machine(), 1);
    const before = scratch();
    await cp(stateDirectory, before, { recursive: true });
    await add(world, machine(), 2);
    const setBack = machine({ stateDirectory: before });
    expect(place(await add(world, setBack, 3))).toMatchObject({
      made: 'full',
      why: expect.stringContaining('or the state of this one was set back') as string,
    });
    await requireAllProven(machine(), [one, two, three]);
  });

  it('builds on what is there when the store was set back', async () => {
    const { world, machine, objects } = await openSeries();
    await add(world, machine(), 1);
    const then = new Map(objects);
    await add(world, machine(), 2);
    const before = new Map(objects);
    objects.clear();
    for (const [name, object] of then) objects.set(name, object);
    expect(place(await add(world, machine(), 3))).toMatchObject({ made: 'increment', base: one });
    await requireAllProven(machine(), [one, three]);
    objects.clear();
    expect(place(await add(world, machine(), 4)).made).toBe('full');
    await requireAllProven(machine(), [nameOf(4)]);
    for (const [name, object] of before) objects.set(name, object);
    await requireAllProven(machine(), [one, two, nameOf(4)]);
  });
});

/** A view of the store in which something happens after the objects of a backup are put, and before its manifest is. */
function beforeManifest(store: Store, backup: string, work: () => Promise<unknown>): Store {
  let isDone = false;
  return {
    ...store,
    async put(name, file, options) {
      const stored = await store.put(name, file, options);
      if (name === backup && !isDone) {
        isDone = true;
        await work();
      }
      return stored;
    },
  };
}

describe('what it is based on', () => {
  it.each<[string, (of: { store: Store; repository: Repository }) => Promise<unknown>]>([
    ['is removed', ({ store }) => store.remove(one)],
    ['is pruned', async ({ repository }) => (await repository.list(), repository.remove(one))],
    ['loses its manifest', ({ store }) => store.remove(manifestName(one))],
    ['is altered', ({ store }) => pages.alterBytes(store, one)],
    ['is described otherwise', ({ store }) => pages.spoilDescription(store, one)],
    [
      'is found bad',
      async ({ repository }) => {
        const entry = (await repository.list()).find(({ name }) => name === one);
        if (entry === undefined) throw new Error('nothing is listed');
        const found = {
          foundAt: new Date('2026-11-19T04:00:00Z'),
          foundBy: 'drill',
          host: 'pi5',
          runId: 'r',
        };
        await repository.condemn(entry, { ...found, problem: 'its bytes were altered' });
      },
    ],
  ])('makes it a full when that %s while its pages are sent', async (_, change) => {
    const { world, machine, store } = await openSeries();
    await add(world, machine(), 1);
    const view = beforeManifest(store, two, () => change({ store, repository: machine() }));
    expect(place(await add(world, machine({}, view), 2))).toMatchObject({ made: 'full' });
    expect((await statesOf(machine()))[two]).toBe('proven');
    expect(place(await add(world, machine(), 3))).toMatchObject({ made: 'increment', base: two });
  });

  it('takes back what a killed run had begun on it when it is gone', async () => {
    const { world, machine, store, log } = await openSeries();
    await add(world, machine(), 1);
    const view = faultyStore(store, 0, 'dies after');
    await Promise.race([add(world, machine({}, view), 2), view.died]);
    expect(await statesOf(machine())).toEqual({ [two]: 'unfinished', [one]: 'proven' });
    await machine().list();
    await pages.loseBytes(store, one);
    await machine().finishPending();
    expect(Object.keys(await contentsOf(store))).toEqual([manifestName(one)]);
    expect(warnings(log)).toMatchObject([
      { level: 'warn', fields: { why: expect.stringContaining('lost') as string } },
    ]);
    await machine().finishPending();
    expect(warnings(log)).toHaveLength(1);
    expect(place(await add(world, machine(), 3)).made).toBe('full');
  });

  it('is named where it is to blame', async () => {
    const { world, machine, objects } = await openSeries();
    for (const day of [1, 2]) await add(world, machine(), day);
    const blind = memoryStore({
      ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash: false, objects },
    });
    await pages.alterBytes(blind, one);
    const repository = machine({}, blind);
    const entry = (await repository.list()).find(({ name }) => name === two);
    expect(entry?.state).toBe('proven');
    if (entry === undefined) throw new Error('it is not listed');
    const proof = await repository.prove(entry, source, join(scratch(), 'copy.db'));
    expect(proof).toMatchObject({
      proven: false,
      brokenBy: one,
      problems: [expect.stringMatching(/bytes were altered/)],
    });
  });
});

/** So large is a part in these tests that the database takes several. */
const partBytesMax = 60_000;

describe('a full that waits for its window', () => {
  beforeAll(() => useKind(largerKind(5_500_000)));
  afterAll(() => useKind(largerKind()));
  const window = { weekday: 6, startMinutes: 22 * 60, lengthMs: 8 * 3_600_000 };
  const policy = { full: 'weekly', fullWindow: window } as const;
  /** A Monday and the days after it; the window is open until `untilHour` of that day. */
  const night = (day: number) => ({ until: new Date(`2026-11-${String(day).padStart(2, '0')}T06:00:00Z`) });

  /** As if each object of the full took two hours. */
  function slow(store: Store, clock: ReturnType<typeof fixedClock>, hours = 2): Store {
    return {
      ...store,
      async put(name, ...rest) {
        const stored = await store.put(name, ...rest);
        if (name.includes('T020514Z')) clock.advance(hours * 3_600_000);
        return stored;
      },
    };
  }

  it('goes on over several nights, while increments are made on the one before', async () => {
    const { world, machine, store, clock } = await openSeries(policy);
    const nightly = async (day: number, isOpen = true) => {
      clock.advance(Date.parse(`2026-11-${day}T02:05:13Z`) - clock.now().getTime());
      const backup = await newBackup(world, day, {});
      const until = isOpen ? night(day).until : undefined;
      return machine({ partBytesMax }, slow(store, clock)).add({ ...backup, until });
    };
    await nightly(10);
    const begun = await nightly(16);
    const full = nameOf(16).replace('13Z', '14Z');
    expect(begun).toMatchObject({ made: 'increment', why: 'it is the first of a week' });
    expect(begun.underWay).toMatchObject({ name: full, doneObjects: 2 });
    const allObjects = begun.underWay?.allObjects ?? 0;
    expect(allObjects).toBeGreaterThan(4);
    const closed = await nightly(17, false);
    expect(closed).toMatchObject({ made: 'increment', underWay: begun.underWay });
    expect(place(closed).base).toBe(nameOf(10));
    expect(await statesOf(machine())).toMatchObject({ [full]: 'unfinished', [nameOf(17)]: 'proven' });
    const done = [];
    for (const day of [18, 19, 20, 21, 22]) {
      const { underWay, made } = await nightly(day);
      expect(made).toBe('increment');
      done.push(underWay?.doneObjects);
      if (underWay === undefined) break;
    }
    expect(done.at(-1)).toBeUndefined();
    expect(done.length).toBeGreaterThan(1);
    expect(await statesOf(machine())).toMatchObject({ [full]: 'proven' });
    expect(place(await nightly(25, false))).toMatchObject({ made: 'increment', base: full });
    await requireAllProven(machine(), [...(await machine().list()).map(({ name }) => name)]);
  });
});

// Invariant R6: whatever happens at any operation of a placement, the old or the new database is in place, whole.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { listUndoSets } from '../../../lib/placement/undo-list.ts';
import {
  copySet,
  inodesOf,
  makeCrashedSet,
  makeDatabase,
  readRows,
  rowsOf,
  spoilSet,
} from '../../support/database-sets.ts';
import {
  type Scenario,
  inPairs,
  isVisible,
  lookAt,
  makePlace,
  requireSettles,
  runAt,
  runFaultTable,
  requireWhole,
  traceScenario,
} from '../../support/fault-table.ts';
import { placeOnce, undoOnce } from '../../support/placements.ts';

const context = { clock: systemClock, log: silentLog };
let templates = '';

// Some hundred processes: a minute in all on an idle machine, much more beside other work.
vi.setConfig({ testTimeout: 600_000 });

beforeAll(async () => {
  templates = await mkdtemp(join(tmpdir(), 'holdfast-templates-'));
  await makeCrashedSet(join(templates, 'wal.db'), 'wal');
  await makeCrashedSet(join(templates, 'journal.db'), 'journal');
});

afterAll(() => rm(templates, { recursive: true, force: true }));

const unmergedWal: Scenario = {
  prepare: (target) => copySet(join(templates, 'wal.db'), target),
  action: 'place',
  old: rowsOf('old', 600),
  new: rowsOf('new', 50),
};

const hotJournal: Scenario = {
  ...unmergedWal,
  prepare: (target) => copySet(join(templates, 'journal.db'), target),
  old: rowsOf('old', 100),
};

const emptyWal: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    makeDatabase(target, 'old', 30);
    await writeFile(`${target}-wal`, '');
    await writeFile(`${target}-shm`, 'an index of nothing');
  },
  old: rowsOf('old', 30),
};

const nothingButSideFiles: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    await rm(target);
  },
  old: undefined,
};

const damaged: Scenario = {
  ...unmergedWal,
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    await spoilSet(target);
  },
  old: undefined,
};

const undo: Scenario = {
  async prepare(target) {
    await copySet(join(templates, 'wal.db'), target);
    const source = join(dirname(target), '..', 'source.db');
    await placeOnce(target, source, context);
  },
  action: 'undo',
  old: rowsOf('new', 50),
  new: rowsOf('old', 600),
};

const undoneWhileOpen: Scenario = { ...unmergedWal, action: 'place-and-undo' };

test('a placement killed before or after any of its operations leaves the old or the new database whole', async () => {
  const { problems, found } = await runFaultTable(unmergedWal, ['kill-before', 'kill-after']);
  expect(problems).toEqual([]);
  expect(found.old + found.new).toBeGreaterThan(80);
  expect(found.new).toBeGreaterThan(10);
});

test.each([
  ['over a hot journal', hotJournal],
  ['over an empty -wal', emptyWal],
  ['where a -wal lies without its database', nothingButSideFiles],
  ['over a database that cannot be recovered', damaged],
  ['that is an undo', undo],
  ['that is undone before it was kept', undoneWhileOpen],
])('a placement %s may be killed at any operation', async (_, scenario) => {
  const { problems, found } = await runFaultTable(scenario, ['kill-before'], isVisible);
  expect(problems).toEqual([]);
  expect(found.old).toBeGreaterThan(8);
  expect(found.new).toBeGreaterThan(3);
});

test.each([
  ['full disk', 'enospc', unmergedWal],
  ['device error', 'eio', unmergedWal],
  ['device error while undoing', 'eio', undo],
] as const)(
  'a %s at any operation is told, and the old or the new database is whole',
  async (_, kind, scenario) => {
    const { problems, found } = await runFaultTable(
      scenario,
      [kind],
      kind === 'enospc' ? isVisible : undefined,
    );
    expect(problems).toEqual([]);
    expect(found.old).toBeGreaterThan(10);
    expect(found.new).toBeGreaterThan(3);
  },
);

test.each([
  ['a placement', unmergedWal],
  ['an undo', undo],
])('a recovery of %s may be killed at each of its operations, one after the other', async (_, scenario) => {
  const all = await traceScenario(scenario);
  const begun = all.findIndex(({ name, file }) => name === 'rename' && file === 'intent.json');
  const operations = all.slice(begun).filter(isVisible);
  const problems = await inPairs(operations, async ({ number }) => {
    await using place = await makePlace(scenario);
    const start = await lookAt(place);
    await runAt(place, scenario.action, number, 'kill-after');
    const inPlace = await requireWhole(place, scenario, start);
    for (let at = 1; ; at += 1) {
      const { signal, exitCode, stderr } = await runAt(place, 'recover', at, 'kill-before');
      if (signal === null && exitCode === 0) break; // it has fewer operations than that
      if (signal !== 'SIGKILL') throw new Error(stderr);
      expect(await requireWhole(place, scenario, start)).toBe(inPlace);
    }
    await requireSettles(place, scenario, start);
  });
  expect(problems).toEqual([]);
});

// A kill does not lose what was written but not flushed; a power cut does, and this order is what stands against it.
test('every step of the exchange is on the device before the next one is made', async () => {
  const all = await traceScenario({
    ...unmergedWal,
    async prepare(target) {
      await unmergedWal.prepare(target);
      await writeFile(`${target}-journal`, Buffer.alloc(512)); // as journal_mode = PERSIST leaves it
    },
  });
  const operations = all.map(({ name, file }) => `${name} ${file}`);
  const exchange = operations.slice(
    operations.indexOf('rename app.db'),
    operations.indexOf('rename new.db') + 2,
  );
  expect(exchange).toEqual([
    'rename app.db', // merged: the old content in one file
    'sync data',
    'unlink app.db-journal', // before the -wal: without that, rolling it back would change pages
    'unlink app.db-wal',
    'unlink app.db-shm',
    'sync data',
    'rename new.db',
    'sync data',
  ]);
  const before = operations.slice(0, operations.indexOf('rename app.db'));
  for (const [made, flushed] of [
    ['chmod new.db', 'sync new.db'],
    ['chmod app.db', 'sync app.db'],
    ['rename intent.json', 'sync data'],
    ['link app.db-shm', expect.stringMatching(/^sync app\.db\.undo-/)],
    ['rename .holdfast', 'sync data'],
  ] as const) {
    const from = before.findLastIndex((operation) => operation.startsWith(made));
    expect(from).toBeGreaterThan(0);
    expect(before.slice(from)).toContainEqual(flushed);
  }
});

test.each(['eperm', 'exdev'] as const)(
  'where links are impossible (%s) the undo set is a copy',
  async (kind) => {
    const links = (await traceScenario(unmergedWal)).filter(({ name }) => name === 'link');
    expect(links).toHaveLength(3);
    for (const { number, file } of links) {
      await using place = await makePlace(unmergedWal);
      const before = await inodesOf(place.target);
      expect(await runAt(place, 'place', number, kind)).toMatchObject({ exitCode: 0, stderr: '' });
      const [set] = await listUndoSets(place.target);
      if (set?.usable !== true) throw new Error('there is no usable undo set');
      expect(set.changed).toBe(false);
      const kept = await inodesOf(join(set.path, 'app.db'));
      const copied = [...before].filter(([suffix, inode]) => kept.get(suffix) !== inode);
      expect(copied.map(([suffix]) => `app.db${suffix}`)).toEqual([file]);
      await undoOnce(place.target, context);
      expect(await readRows(place.target)).toEqual(unmergedWal.old);
    }
  },
);

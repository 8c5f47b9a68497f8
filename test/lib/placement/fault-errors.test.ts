// Invariant R6: an error at any operation of a placement, a recovery that is killed, and the order that a power cut needs.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { listUndoSets } from '../../support/by-path.ts';
import { inodesOf, readRows } from '../../support/database-sets.ts';
import { emptyWal, undo, unmergedWal } from '../../support/fault-scenarios.ts';
import {
  isVisible,
  lookAt,
  makePlace,
  problemsOf,
  requireSettles,
  requireWhole,
  runAlone,
  runFaultTable,
  runHere,
  traceScenario,
} from '../../support/fault-table.ts';
import { undoOnce } from '../../support/placements.ts';

const context = { clock: systemClock, log: silentLog };

// Some hundred placements; much more time beside other work.
vi.setConfig({ testTimeout: 600_000 });

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
  const alone = operations[Math.floor(operations.length / 2)];
  const problems = await problemsOf(operations, async (operation) => {
    await using place = await makePlace(scenario);
    const start = await lookAt(place);
    const run = operation === alone ? runAlone : runHere;
    await run(place, scenario.action, operation.number, 'kill-after');
    const inPlace = await requireWhole(place, scenario, start);
    for (let at = 1; ; at += 1) {
      const { signal, exitCode, stderr } = await run(place, 'recover', at, 'kill-before');
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
    operations.indexOf('rename merged.db'),
    operations.indexOf('rename new.db') + 2,
  );
  expect(exchange).toEqual([
    'rename merged.db', // the old content in one file
    'sync data',
    'unlink app.db-journal', // before the -wal: without that, rolling it back would change pages
    'sync data', // and on the device before the -wal goes, for the same reason
    'unlink app.db-wal',
    'sync data',
    'unlink app.db-shm',
    'sync data',
    'rename new.db',
    'sync data',
  ]);
  const before = operations.slice(0, operations.indexOf('rename merged.db'));
  for (const [made, flushed] of [
    ['chmod new.db', 'sync new.db'],
    ['chmod merged.db', 'sync merged.db'],
    ['write app.db-wal', 'sync app.db-wal'],
    ['rename intent.json', 'sync data'],
    ['write app.db-wal', expect.stringMatching(/^sync app\.db\.undo-/)],
    ['rename .holdfast', 'sync data'],
  ] as const) {
    const from = before.findLastIndex((operation) => operation.startsWith(made));
    expect(from).toBeGreaterThan(0);
    expect(before.slice(from)).toContainEqual(flushed);
  }
});

test('a database that is kept as a second name of its file is on the device before anything is replaced', async () => {
  const operations = (await traceScenario(emptyWal)).map(({ name, file }) => `${name} ${file}`);
  const kept = operations.slice(operations.indexOf('link app.db'), operations.indexOf('rename new.db'));
  expect(kept).toContainEqual('sync app.db'); // the app may have left its last pages to the kernel
});

test.each(['eperm', 'exdev'] as const)(
  'where links are impossible (%s) the undo set is a copy',
  async (kind) => {
    const links = (await traceScenario(emptyWal)).filter(({ name }) => name === 'link');
    expect(links.map(({ file }) => file)).toEqual(['app.db']);
    await using place = await makePlace(emptyWal);
    const before = await inodesOf(place.target);
    expect(await runHere(place, 'place', links[0]?.number ?? 0, kind)).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    const [set] = await listUndoSets(place.target);
    if (set?.usable !== true) throw new Error('there is no usable undo set');
    expect(set.changed).toBe(false);
    const kept = await inodesOf(join(set.path, 'app.db'));
    expect([...before.values()].filter((inode) => [...kept.values()].includes(inode))).toEqual([]);
    await undoOnce(place.target, context);
    expect(await readRows(place.target)).toEqual(emptyWal.old);
  },
);

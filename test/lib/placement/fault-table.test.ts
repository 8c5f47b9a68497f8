// Invariant R6: a placement may be killed at any operation; the old or the new database is in place, whole.
import { expect, test, vi } from 'vitest';
import {
  damaged,
  emptyWal,
  hotJournal,
  nothingButSideFiles,
  undo,
  undoneWhileOpen,
  unmergedWal,
} from '../../support/fault-scenarios.ts';
import { isVisible, runFaultTable, runKillTable } from '../../support/fault-table.ts';

// Some hundred placements, a hundred of them in processes of their own; much more time beside other work.
vi.setConfig({ testTimeout: 600_000 });

test('a placement killed before or after any of its operations leaves the old or the new database whole', async () => {
  const { problems, found } = await runKillTable(unmergedWal, ['kill-before', 'kill-after']);
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

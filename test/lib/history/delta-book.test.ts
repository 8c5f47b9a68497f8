// Batches get into the history whatever state it is in when they come, and nobody waits for it.
import { expect, test } from 'vitest';
import { DeltaBook } from '../../../lib/history/delta-book.ts';
import type { BatchRow } from '../../../lib/history/delta-rows.ts';
import { type History, nullHistory } from '../../../lib/history/history.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { historyWorld } from '../../support/history-world.ts';

const at = new Date('2026-11-20T02:05:13.000Z');
const clock = { now: () => at, monotonicMs: () => 0 };

function batch(batchNo: number, more: Partial<BatchRow> = {}): BatchRow {
  return {
    ...{ at, runId: 'r', direction: 'received', subject: 'reports', source: 'laptop-1', epoch: 'e', batchNo },
    ...{ sizeBytes: 10, outcome: 'applied', upserts: 1, deletes: 0, unchanged: 0, held: 0, anomalies: 0 },
    refusedTables: [],
    ...more,
  };
}

function bookOf() {
  const world = historyWorld();
  world.history.close();
  const broken: { by?: () => History } = {};
  const open = () => broken.by?.() ?? historyWorld(world.path).history;
  const numbers = () =>
    world
      .rows('SELECT batch_no FROM batches ORDER BY id')
      .map((row) => (row as { batch_no: number }).batch_no);
  return { book: new DeltaBook({ open, clock }), broken, numbers, world };
}

test('what could not be written is written with the next batch', () => {
  const { book, broken, numbers } = bookOf();
  broken.by = () => nullHistory;
  book.note(batch(1));
  book.write();
  delete broken.by;
  book.note(batch(2));
  book.write();
  book.write();
  expect(numbers()).toEqual([1, 2]);
});

test('somebody who holds the lock costs a warning, and no batch', () => {
  const { book, broken, numbers, world } = bookOf();
  const other = openHistoryDatabase(world.path);
  other.exec('BEGIN IMMEDIATE');
  let opened: ReturnType<typeof historyWorld> | undefined;
  broken.by = () => {
    opened = historyWorld(world.path, () => {
      const database = openHistoryDatabase(world.path);
      database.exec('PRAGMA busy_timeout = 0');
      return database;
    });
    return opened.history;
  };
  book.note(batch(1));
  book.write();
  expect(opened?.warnings()).toEqual([expect.stringContaining('database is locked')]);
  other.close();
  delete broken.by;
  book.write();
  expect(numbers()).toEqual([1]);
});

test('of what waits for long the newest thousand are kept', () => {
  const { book, broken, numbers } = bookOf();
  broken.by = () => nullHistory;
  for (let number = 1; number <= 1003; number += 1) book.note(batch(number));
  delete broken.by;
  book.write();
  expect(numbers()).toHaveLength(1000);
  expect(numbers()[0]).toBe(4);
});

test('who sends the same bad batch again and again leaves a row a minute', () => {
  const { book, numbers, world } = bookOf();
  const bad = { outcome: 'refused', reason: 'no batch' } as const;
  const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);
  book.note(batch(1, bad));
  book.note(batch(2, { ...bad, at: later(30) }));
  book.note(batch(3, { ...bad, at: later(30), source: 'laptop-2' }));
  book.note(batch(4, { ...bad, at: later(31), reason: 'another' }));
  book.note(batch(5, { ...bad, at: later(100), reason: 'another' }));
  book.note(batch(6, { at: later(101) }));
  book.note(batch(7, { ...bad, at: later(102), reason: 'another' }));
  book.write();
  expect(numbers()).toEqual([1, 3, 4, 5, 6, 7]);
  expect(world.rows('SELECT count(*) AS n FROM batches')).toEqual([{ n: 6 }]);
});

test('a replica that is away keeps what was known of it, and since when it is away', () => {
  const { history } = historyWorld();
  const later = new Date(at.getTime() + 60_000);
  const held = {
    source: 's',
    table: 'T',
    reason: 'clock',
    day: undefined,
    changes: 2,
    firstSeen: 'a',
    lastSeen: 'b',
  };
  const put = (row: Parameters<History['recordDelta']>[0]['replicas'][number]) =>
    history.recordDelta({ batches: [], replicas: [row] });
  put({ replica: 'reports', at, sources: [], held: [held] });
  put({ replica: 'reports', at, problem: 'one' });
  put({ replica: 'reports', at: later, problem: 'other' });
  expect(history.replicas()).toEqual([
    { replica: 'reports', at: later, away: { since: at, problem: 'other' }, sources: [], held: [held] },
  ]);
  put({ replica: 'reports', at: later, sources: [], held: [] });
  expect(history.replicas()).toMatchObject([{ away: undefined, held: [] }]);
});

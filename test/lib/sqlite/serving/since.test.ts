// Clients that know a time and no cursor: they come to the end whatever the precision of what they send back is.
import { expect, onTestFinished, test } from 'vitest';
import { parseSince } from '../../../../lib/delta/since.ts';
import type { Serving } from '../../../../lib/delta/serving.ts';
import { openServing } from '../../../../lib/sqlite/serving/serving.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';
import { herdDatabase } from '../../../support/logged-database.ts';
import { scratch } from '../../../support/scratch.ts';

function served() {
  const { path, database, openCapture } = herdDatabase(scratch());
  const clock = fixedClock('2026-11-20T12:00:00Z');
  const limits = { keptMs: 86_400_000, rowsMax: 1000, busyMs: 1000 };
  const serving = openServing({
    path,
    openCapture,
    hasSender: false,
    tables: undefined,
    without: [],
    ...limits,
    clock,
  });
  onTestFinished(() => {
    serving.close();
    database.close();
  });
  return { database, serving };
}

async function ask(serving: Serving, since: string, limit: number) {
  const parsed = parseSince(since);
  if (parsed === undefined) throw new Error(`no time: ${since}`);
  using answer = await serving.since(parsed, limit);
  const changes = [...(answer?.changes ?? [])].flat();
  const ids = changes.flatMap((change) => (change.kind === 'upsert' ? [Number(change.cells[0])] : []));
  const gone = changes.flatMap((change) => (change.kind === 'tombstone' ? [Number(change.key[0])] : []));
  return { ids, gone, next: answer?.nextSince ?? '', hasMore: answer?.hasMore };
}

const cutters: [string, (stamp: string) => string][] = [
  ['as it was', (stamp) => stamp],
  ['in milliseconds', (stamp) => stamp.slice(0, 23)],
  ['in seconds', (stamp) => stamp.slice(0, 19)],
  ['with a zone', (stamp) => `${stamp}+00:00`],
  ['with a zone whose plus nobody escaped', (stamp) => `${stamp} 00:00`],
  ['with a Z', (stamp) => `${stamp}Z`],
];

test.each(cutters)(
  'thousands of equal stamps and microseconds: a client that sends the stamp back %s gets all',
  async (_, cut) => {
    const { serving, database } = served();
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)
    INSERT INTO cattle SELECT i, 1, 1, '', CASE
      WHEN i < 2000 THEN '2024-01-15 10:30:00.500000'
      WHEN i < 4000 THEN printf('2024-01-15 10:30:01.%06d', i)
      ELSE printf('2024-01-15 11:%02d:%02d.000000', (i - 4000) / 60, (i - 4000) % 60) END FROM n`);
    const seen = new Set<number>();
    let since = '2024-01-15T10:30:00';
    for (let round = 0; round < 100; round += 1) {
      const { ids, next, hasMore } = await ask(serving, since, 100);
      for (const id of ids) seen.add(id);
      since = cut(next);
      if (hasMore !== true) break;
    }
    expect(seen.size).toBe(6000);
  },
);

test('the oldest come first, and the answer says whether there are more', async () => {
  const { serving, database } = served();
  for (const [id, second] of [
    [3, '05'],
    [1, '01'],
    [2, '03'],
  ] as const)
    database.exec(`INSERT INTO batches (id, updated_at) VALUES (${id}, '2024-01-15 10:30:${second}.250000')`);
  database.exec("INSERT INTO cattle (id, updated_at) VALUES (9, '2024-01-15 10:30:02.000000')");
  expect(await ask(serving, '2024-01-15 10:30:00', 2)).toMatchObject({
    ids: [1, 9],
    hasMore: true,
    next: '2024-01-15T10:30:02.000000',
  });
  expect(await ask(serving, '2024-01-15 10:30:02', 10)).toMatchObject({ ids: [2, 3, 9], hasMore: false });
});

test('deletions are listed', async () => {
  const { serving, database } = served();
  database.exec('INSERT INTO batches (id) VALUES (1), (2); DELETE FROM batches WHERE id = 2');
  expect(await ask(serving, '2024-01-15', 10)).toMatchObject({ ids: [], gone: [2] });
});

test('with nothing to tell, the time that was asked for comes back: nobody is told a clock', async () => {
  const { serving } = served();
  expect((await ask(serving, '2024-01-15T10:30:00', 10)).next).toBe('2024-01-15T10:30:00');
});

test('a stamp of the future keeps nobody from what is written now', async () => {
  const { serving, database } = served();
  database.exec("INSERT INTO batches (id, updated_at) VALUES (1, '2099-01-01 00:00:00.000000')");
  const { next } = await ask(serving, '2024-01-15', 10);
  database.exec("INSERT INTO batches (id, updated_at) VALUES (2, '2026-11-20 12:00:01.000000')");
  expect((await ask(serving, next, 10)).ids).toEqual([2, 1]);
});

test.each([
  ['2024-01-15T10:30:00', '2024-01-15 10:30:00'],
  ['2024-01-15T10:30:00.000000', '2024-01-15 10:30:00'],
  ['2024-01-15 10:30:00.120000', '2024-01-15 10:30:00.12'],
  ['2024-01-15T10:30:00.123456789Z', '2024-01-15 10:30:00.123456'],
  ['2024-01-15T12:30:00+02:00', '2024-01-15 10:30:00'],
  ['2024-01-15T12:30:00 02:00', '2024-01-15 10:30:00'],
  ['2024-01-15T08:30-0200', '2024-01-15 10:30:00'],
  ['2024-01-15', '2024-01-15 00:00:00'],
  ['2024-02-30', undefined],
  ['2024-01-15T25:00:00', undefined],
  ['yesterday', undefined],
  ["2024-01-15'; DROP TABLE batches", undefined],
  ['', undefined],
])('the time %j is %j', (text, expected) => {
  expect(parseSince(text)).toBe(expected);
});

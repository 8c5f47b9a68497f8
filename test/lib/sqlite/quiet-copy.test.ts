import { readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { copyQuiet, settledMark } from '../../../lib/sqlite/quiet-copy.ts';
import type { Report, SnapshotWork } from '../../../lib/sqlite/snapshot-work.ts';
import { scratch } from '../../support/scratch.ts';
import { fileNumber, makeLedger, pagesOf } from './databases.ts';
import { startLockstep } from './lockstep.ts';

const longAfter = () => new Date('2100-01-01');
const neverWaits = () => Promise.reject(new Error('nothing to wait for'));
const ignore: Report = () => undefined;

async function beginWork(rows = 10): Promise<SnapshotWork> {
  const [source, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  makeLedger(source, { journalMode: 'wal', rows });
  writeFileSync(target, '');
  const quiet = await settledMark(source, longAfter(), neverWaits);
  return { source, file: fileNumber(source), target, pageSize: 4096, wal: true, quiet };
}

/** Runs `then` once, in the middle of the copy. */
function midway(then: () => void): Report {
  let done = false;
  return () => {
    if (!done) then();
    done = true;
  };
}

test('a database that nobody has open is copied byte for byte, and nothing is made beside it', async () => {
  const work = await beginWork();
  const before = statSync(work.source, { bigint: true });
  expect(await copyQuiet(work, ignore)).toEqual({
    method: 'quiet',
    restarts: 0,
    writersHeldMs: 0,
    walPeakBytes: 0,
    pageCount: before.size === 0n ? 0 : Number(before.size) / 4096,
  });
  expect(pagesOf(work.target).equals(pagesOf(work.source))).toBe(true);
  expect(readdirSync(dirname(work.source))).toEqual(['app.db']);
  const after = statSync(work.source, { bigint: true });
  expect([after.mtimeNs, after.ctimeNs]).toEqual([before.mtimeNs, before.ctimeNs]);
});

const awake = [
  ['opens the database, writes and closes it again', ["UPDATE ledger SET note = 'new'"], true],
  ['opens the database and writes', ["UPDATE ledger SET note = 'new'"], false],
  ['opens the database and reads', ['SELECT count(*) FROM ledger'], false],
  ['empties the database', ['DELETE FROM ledger', 'VACUUM'], true],
  ['takes the database out of WAL mode', ['PRAGMA journal_mode = delete'], true],
] as const;

test.each(awake)('a copy during which an app %s does not count', async (_, commands, closes) => {
  const work = await beginWork(5000);
  const app = await startLockstep();
  const report = midway(() => {
    app.open(work.source);
    for (const sql of commands) app.exec(sql);
    if (closes) app.close();
  });
  expect(await copyQuiet(work, report)).toBeUndefined();
});

test('a copy is not begun where the database changed after it was looked at', async () => {
  const work = await beginWork();
  utimesSync(work.source, 1, 1);
  expect(
    await copyQuiet(work, () => {
      throw new Error('begun');
    }),
  ).toBeUndefined();
});

test('damage that makes a copy fail is told when nobody woke up', async () => {
  const work = await beginWork();
  truncateSync(work.source, 3 * 4096);
  const quiet = await settledMark(work.source, longAfter(), neverWaits);
  await expect(copyQuiet({ ...work, quiet }, ignore)).rejects.toMatchObject({ code: 'SQLITE_CORRUPT' });
});

test('a failure that an app brought about by waking up is none', async () => {
  const work = await beginWork(5000);
  const report = midway(() => truncateSync(work.source, 4096));
  expect(await copyQuiet(work, report)).toBeUndefined();
});

test('a log beside the database, also an empty one, means that somebody has it open', async () => {
  const work = await beginWork();
  writeFileSync(`${work.source}-wal`, '');
  expect(await settledMark(work.source, longAfter(), neverWaits)).toBeUndefined();
});

test('a journal beside the database means that it must be recovered, unless it is empty', async () => {
  const work = await beginWork();
  writeFileSync(`${work.source}-journal`, '');
  expect(await settledMark(work.source, longAfter(), neverWaits)).toBe(work.quiet);
  writeFileSync(`${work.source}-journal`, 'hot');
  expect(await settledMark(work.source, longAfter(), neverWaits)).toBeUndefined();
});

test('after a recent change it is looked at again two seconds later', async () => {
  const { source, quiet } = await beginWork();
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  const changed = statSync(source).ctimeMs;
  expect(await settledMark(source, new Date(changed + 500), wait)).toBe(quiet);
  expect(await settledMark(source, new Date(changed - 3_600_000), wait)).toBe(quiet); // the clock was set back
  expect(await settledMark(source, new Date(changed + 2001), neverWaits)).toBe(quiet);
  expect(waits.map(Math.floor)).toEqual([1500, 2000]);
});

test('a change while it is waited for means that it is not quiet', async () => {
  const { source } = await beginWork();
  const wait = async () => utimesSync(source, 1, 1);
  expect(await settledMark(source, new Date(statSync(source).ctimeMs), wait)).toBeUndefined();
});

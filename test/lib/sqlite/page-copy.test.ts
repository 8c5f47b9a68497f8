import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openImmutable } from '../../../lib/sqlite/open.ts';
import { copyPages, Spoiled } from '../../../lib/sqlite/page-copy.ts';
import type { Report } from '../../../lib/sqlite/snapshot-work.ts';
import { scratch } from '../../support/scratch.ts';
import { fileNumber, type LedgerOptions, makeLedger, pagesOf, query } from './databases.ts';
import { startLockstep } from './lockstep.ts';

/** A ledger of a good hundred pages, a connection that waits for no lock, and an empty target. */
function begin(options: LedgerOptions = {}) {
  const [source, target] = [join(scratch(), 'app.db'), join(scratch(), 'snapshot.db')];
  makeLedger(source, { rows: 100, ...options });
  writeFileSync(target, '');
  const database = new Database(source, { readonly: true, timeout: 0 });
  onTestFinished(() => void database.close());
  const pageSize = options.pageSize ?? 4096;
  return {
    database,
    work: { source, file: fileNumber(source), target, pageSize, wal: false, quiet: undefined },
  };
}

const ignore: Report = () => undefined;

test('copies every page, in steps of the size asked for, and tells of each', async () => {
  const { database, work } = begin();
  const told: [number, number][] = [];
  const options = { stepBytes: 10 * 4096, spoiledStepsMax: 0 };
  const { pageCount } = await copyPages(database, work, options, (...progress) => told.push(progress));
  expect(pagesOf(work.target).equals(pagesOf(work.source))).toBe(true);
  const total = pageCount * 4096;
  const steps = Array.from({ length: Math.ceil(pageCount / 10) }, (_, step) => [step * 10 * 4096, total]);
  expect(told).toEqual([...steps, [total, total]]);
});

test.each([512, 65_536])(
  'with pages of %i bytes a step is as many pages as fit, and at least one',
  async (pageSize) => {
    const { database, work } = begin({ pageSize });
    const told: number[] = [];
    const options = { stepBytes: 8192, spoiledStepsMax: 0 };
    const { pageCount } = await copyPages(database, work, options, (done) => told.push(done));
    expect(told[1]).toBe(pageSize === 512 ? 8192 : pageSize);
    expect(pageCount * pageSize).toBe(pagesOf(work.target).length);
  },
);

test('the time of the last step counts too: it is the one that syncs the copy', async () => {
  const { database, work } = begin();
  const { longestStepMs } = await copyPages(database, work, { stepBytes: 1e9, spoiledStepsMax: 0 }, ignore);
  expect(longestStepMs).toBeGreaterThan(0);
});

test('a lock that is refused before the first page is no copy of no pages', async () => {
  const { database, work } = begin();
  const other = await startLockstep();
  other.open(work.source);
  expect(other.exec('BEGIN EXCLUSIVE')).toBe('ok');
  const options = { stepBytes: 40_960, spoiledStepsMax: 3 };
  await expect(copyPages(database, work, options, ignore)).rejects.toThrow(Spoiled);
});

test('steps that a lock spoils are counted, and the copy ends with them when they are too many', async () => {
  const { database, work } = begin();
  const other = await startLockstep();
  other.open(work.source);
  const told: number[] = [];
  const copy = copyPages(database, work, { stepBytes: 40_960, spoiledStepsMax: 2 }, (done) => {
    told.push(done);
    if (told.length === 2) expect(other.exec('BEGIN EXCLUSIVE')).toBe('ok');
  });
  await expect(copy).rejects.toMatchObject({ spoiledSteps: 3 });
  expect(told).toEqual([0, 40_960, 40_960, 40_960]);
});

test('a lock that goes again costs nothing but the steps it spoiled', async () => {
  const { database, work } = begin();
  const other = await startLockstep();
  other.open(work.source);
  let steps = 0;
  const options = { stepBytes: 40_960, spoiledStepsMax: 3 };
  const { spoiledSteps } = await copyPages(database, work, options, () => {
    steps += 1;
    if (steps === 2) expect(other.exec('BEGIN EXCLUSIVE')).toBe('ok');
    if (steps === 4) expect(other.exec('ROLLBACK')).toBe('ok');
  });
  expect(spoiledSteps).toBe(2);
  expect(pagesOf(work.target).equals(pagesOf(work.source))).toBe(true);
});

// What the pinned transaction is for: without one, the copy beside such a writer never ends.
test('without a transaction every write of another process makes the copy begin again', async () => {
  const { database, work } = begin({ journalMode: 'wal' });
  const other = await startLockstep();
  other.open(work.source);
  let writes = 0;
  const copy = copyPages(database, work, { stepBytes: 40_960, spoiledStepsMax: 500 }, () => {
    writes += 1;
    expect(other.exec(`UPDATE ledger SET note = ${writes} WHERE id = 1`)).toBe('ok');
  });
  await expect(copy).rejects.toMatchObject({ spoiledSteps: 501 });
  expect(writes).toBe(502); // not one of them was spared, and not one page more was copied
});

test('with a transaction the same writer spoils nothing', async () => {
  const { database, work } = begin({ journalMode: 'wal' });
  const other = await startLockstep();
  other.open(work.source);
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM ledger').get();
  let writes = 0;
  const { spoiledSteps } = await copyPages(
    database,
    work,
    { stepBytes: 40_960, spoiledStepsMax: 0 },
    (done, total) => {
      if (done === total) return;
      writes += 1;
      expect(other.exec(`UPDATE ledger SET note = ${writes} WHERE id = 1`)).toBe('ok');
    },
  );
  expect({ spoiledSteps, enoughWrites: writes > 10 }).toEqual({ spoiledSteps: 0, enoughWrites: true });
  expect(query(work.target, 'SELECT DISTINCT note FROM ledger')).toEqual(['first']);
});

test('reserved bytes at the end of each page are copied as they are', async () => {
  const { database, work } = begin();
  database.close();
  const target = join(scratch(), 'reserved.db');
  makeReserved(target);
  const immutable = openImmutable(target);
  onTestFinished(() => void immutable.close());
  await copyPages(immutable, { ...work, source: target }, { stepBytes: 8192, spoiledStepsMax: 0 }, ignore);
  expect(pagesOf(work.target).equals(pagesOf(target))).toBe(true);
  expect(pagesOf(work.target)[20]).toBe(8);
  expect(query(work.target, 'PRAGMA integrity_check')).toEqual(['ok']);
});

/** A database whose pages keep 8 bytes free at their end, as a checksum extension has it. */
function makeReserved(path: string): void {
  new Database(path).exec('PRAGMA user_version = 1').close();
  const page = pagesOf(path);
  page[20] = 8;
  page.writeUInt16BE(page.length - 8, 105); // where the cells of the first page begin
  writeFileSync(path, page);
  const database = new Database(path);
  database.exec(
    'CREATE TABLE t (x); INSERT INTO t SELECT randomblob(3000) FROM pragma_function_list LIMIT 50',
  );
  database.close();
}

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { takeSnapshot } from '../../../lib/sqlite/snapshot.ts';
import { scratch } from '../../support/scratch.ts';
import { query } from './databases.ts';

// SQLite never uses the page that holds the byte at 1 GiB, on which it keeps its locks.
test('a snapshot equals a database beyond the page of the locks at 1 GiB, and measures the same', async () => {
  const disk = '/var/tmp'; // the snapshot has no holes: too much for memory
  const [path, target] = [join(scratch(disk), 'app.db'), join(scratch(disk), 'snapshot.db')];
  makeGigabyte(path);
  await takeSnapshot(await requireSource(path), target, { now: new Date('2100-01-01') });
  expect(query(target, 'SELECT hex(x) FROM t')).toEqual(query(path, 'SELECT hex(x) FROM t'));
  const { facts, integrity } = await measureDatabase(target);
  expect(facts.sizeBytes).toBeGreaterThan(2 ** 30);
  expect(integrity).toEqual({ check: 'full', problems: [], note: undefined });
});

/** A database of more than 1 GiB with rows beyond it. Nearly all of it is a hole: free pages, which hold nothing. */
function makeGigabyte(path: string): void {
  const [pageSize, pageCount, lockPage] = [65_536, 16_500, 16_385];
  new Database(path).exec(`PRAGMA page_size = ${pageSize}; CREATE TABLE t (x)`).close();
  const pages = readFileSync(path); // two of them
  const leaves: number[] = [];
  for (let page = pageCount; page > 4; page -= 1) if (page !== lockPage) leaves.push(page);
  const half = leaves.length / 2;
  const trunks = [trunk(pageSize, 4, leaves.slice(0, half)), trunk(pageSize, 0, leaves.slice(half))];
  pages.writeUInt32BE(pageCount, 28);
  pages.writeUInt32BE(3, 32); // the first trunk of the list of free pages
  pages.writeUInt32BE(leaves.length + trunks.length, 36);
  writeFileSync(path, Buffer.concat([pages, ...trunks]));
  truncateSync(path, pageCount * pageSize);
  const database = new Database(path);
  database.exec('INSERT INTO t SELECT randomblob(100000) FROM pragma_function_list LIMIT 20');
  const used = database.prepare("SELECT max(pageno) FROM dbstat WHERE name = 't'").pluck().get();
  database.close();
  expect(used).toBeGreaterThan(lockPage);
}

/** A page that lists free ones: https://sqlite.org/fileformat2.html, 1.5. */
function trunk(pageSize: number, next: number, leaves: number[]): Buffer {
  const page = Buffer.alloc(pageSize);
  [next, leaves.length, ...leaves].forEach((value, index) => page.writeUInt32BE(value, index * 4));
  return page;
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { requireEveryPage } from '../../../lib/sqlite/every-page.ts';
import { makeCrashedSet } from '../../support/database-sets.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';

/** A connection inside a read transaction, as the copy has one. */
function reading(path: string): Database.Database {
  const database = new Database(path, { readonly: true });
  onTestFinished(() => void database.close());
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
  return database;
}

const cutShort = (words: RegExp) =>
  expect.objectContaining({ kind: 'damaged', message: expect.stringMatching(words) as string }) as Error;

test('a whole file passes, also with bytes behind its last page', () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  requireEveryPage(reading(path), path);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(100)]));
  requireEveryPage(reading(path), path);
});

test.each([1, 100, 4095])(
  'a last page that lacks %i bytes is noticed, which SQLite itself reads as zeros',
  (bytes) => {
    const path = join(scratch(), 'app.db');
    makeLedger(path);
    truncateSync(path, statSync(path).size - bytes);
    const database = reading(path);
    expect(() => requireEveryPage(database, path)).toThrow(
      cutShort(/cut short, 1 page of \d+ missing or not whole/),
    );
    expect(() => requireEveryPage(database, path, 'backup a.db')).toThrow(
      cutShort(/^cannot read all of backup a.db:/),
    );
  },
);

test('pages that are in the log only are not missing', async () => {
  const path = join(scratch(), 'app.db');
  await makeCrashedSet(path, 'wal');
  const database = reading(path);
  const pages = Number(database.pragma('page_count', { simple: true }));
  expect(statSync(path).size / 512).toBeLessThan(pages);
  requireEveryPage(database, path);
});

test('pages that are neither in the file nor in the log are', async () => {
  const path = join(scratch(), 'app.db');
  await makeCrashedSet(path, 'wal');
  const database = reading(path);
  truncateSync(path, 1024);
  expect(() => requireEveryPage(database, path)).toThrow(cutShort(/cut short, \d+ pages of \d+/));
});

test('a frame that an earlier round of the log has left makes up for nothing', async () => {
  const path = join(scratch(), 'app.db');
  await makeCrashedSet(path, 'wal');
  const database = reading(path);
  const log = readFileSync(`${path}-wal`);
  log.writeUInt32BE(log.readUInt32BE(16) + 1, 16); // another salt: the log was begun anew
  writeFileSync(`${path}-wal`, log);
  expect(() => requireEveryPage(database, path)).toThrow(cutShort(/cut short/));
});

test.each([
  ['a hole of a terabyte', (log: string) => (writeFileSync(log, ''), truncateSync(log, 2 ** 40))],
  ['a pipe', (log: string) => void execFileSync('mkfifo', [log])],
  ['a directory', (log: string) => mkdirSync(log)],
])(
  'four billion pages that the file says it has take no memory and no time beside a log that is %s',
  (_, make) => {
    const path = join(scratch(), 'app.db');
    writeFileSync(path, '');
    make(`${path}-wal`);
    const says: Record<string, number> = { page_size: 4096, page_count: 2 ** 32 - 2 };
    const database = { pragma: (name: string) => says[name] } as unknown as Database.Database;
    expect(() => requireEveryPage(database, path)).toThrow(cutShort(/pages of 4294967294 missing/));
  },
);

test('a log that is a link is not followed', () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const database = reading(path);
  truncateSync(path, 8192);
  symlinkSync(path, `${path}-wal`);
  expect(() => requireEveryPage(database, path)).toThrow(expect.objectContaining({ code: 'ELOOP' }));
});

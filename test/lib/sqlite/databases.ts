// Databases for the tests of lib/sqlite, and what is compared of them.
import { readFileSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { FileNumber } from '../../../lib/source/source.ts';

export interface LedgerOptions {
  journalMode?: 'wal' | 'delete';
  /** Rows of 4000 random bytes: about a page of 4 KiB each. */
  rows?: number;
  pageSize?: number;
  /** What the first row holds instead: what is the same in two of them makes up most of their pages. */
  firstBallast?: Buffer;
}

/** A closed database with one table `ledger (id, note, ballast)`. */
export function makeLedger(
  path: string,
  { journalMode = 'delete', rows = 10, pageSize = 4096, firstBallast }: LedgerOptions = {},
): void {
  const database = new Database(path);
  database.pragma(`page_size = ${pageSize}`);
  database.pragma(`journal_mode = ${journalMode}`);
  database.pragma('synchronous = OFF');
  database.exec('CREATE TABLE ledger (id INTEGER PRIMARY KEY, note TEXT NOT NULL, ballast BLOB)');
  const insert = database.prepare("INSERT INTO ledger (note, ballast) VALUES ('first', randomblob(4000))");
  database.transaction(() => {
    if (firstBallast !== undefined)
      database.prepare("INSERT INTO ledger (note, ballast) VALUES ('first', ?)").run(firstBallast);
    for (let i = firstBallast === undefined ? 0 : 1; i < rows; i += 1) insert.run();
  })();
  database.close();
}

/** The file at `path`, as a look at it says. */
export function fileNumber(path: string): FileNumber {
  const { dev, ino } = statSync(path, { bigint: true });
  return { device: dev, inode: ino };
}

/** Reads with SQLite from a copy of nothing: only for files that nobody has open, and in which nothing is in a log. */
export function query(path: string, sql: string): unknown[] {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

/** A file's bytes without those that a copy has of its own: journal mode, change counter, schema cookie, writer's version. */
export function pagesOf(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes.fill(0, 18, 20).fill(0, 24, 28).fill(0, 40, 44).fill(0, 92, 100);
}

export function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

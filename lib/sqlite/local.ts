// A small database of our own (the history), opened for reading and writing. Its directory may belong to somebody else than
// this process (root by hand beside the user of the jobs): what is written has to be the file that bears the name.
import { lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { type Database, openLive, openOwn } from './open.ts';
import { openExpected } from './opened-file.ts';
import { sideFileSuffixes, whatElse } from './side-files.ts';

type Value = string | number | bigint | null;

/** Named parameters in, plain rows out; everything a small table store needs. */
export interface LocalDatabase {
  exec(sql: string): void;
  run(sql: string, parameters: Record<string, Value>): void;
  all(sql: string, parameters?: Record<string, Value>): Record<string, unknown>[];
  /** Holds the write lock from its beginning. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens (and where needed creates) the database at `path`. Throws SQLite's own errors, and OpsError `refused` before
 * anything is written where it, or what SQLite would read and write beside it, is no plain file of this user, of root or
 * of the directory's owner.
 */
export function openLocal(path: string): LocalDatabase {
  const database = openLocalFile(path);
  return {
    exec: (sql) => void database.exec(sql),
    run: (sql, parameters) => void database.prepare(sql).run(parameters),
    all: (sql, parameters = {}) => database.prepare(sql).all(parameters) as Record<string, unknown>[],
    transaction: (work) => database.transaction(work).immediate(),
    close: () => void database.close(),
  };
}

/**
 * Opens one that is there for reading alone, for who cannot wait: a lock is waited for so long. Undefined where there is none;
 * throws as `openLocal` does.
 */
export function readLocal(
  path: string,
  lockWaitMs: number,
): Pick<LocalDatabase, 'all' | 'close'> | undefined {
  for (const suffix of sideFileSuffixes) requirePlain(path + suffix);
  const file = requirePlain(path);
  if (file === undefined) return undefined;
  const database = openLive(path, { lockWaitMs, file });
  return {
    all: (sql, parameters = {}) => database.prepare(sql).all(parameters) as Record<string, unknown>[],
    close: () => void database.close(),
  };
}

/** The same, for those in this folder who need more of it. */
export function openLocalFile(path: string): Database {
  for (const suffix of sideFileSuffixes) requirePlain(path + suffix);
  return requirePlain(path) === undefined ? create(path) : openFound(path);
}

/** SQLite makes the file when it opens it, never through a link, and writes nothing yet. */
function create(path: string): Database {
  openOwn(path, { create: true }).close();
  return openFound(path);
}

function openFound(path: string): Database {
  const file = requirePlain(path);
  if (file === undefined) throw new OpsError('missing', `cannot use ${path}: it is gone again`);
  return openExpected(path, file, () => openOwn(path));
}

/** Throws OpsError `refused` for what is not plainly ours; undefined where there is nothing. */
function requirePlain(path: string): { device: bigint; inode: bigint } | undefined {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return undefined;
  const owners = [0n, BigInt(process.geteuid?.() ?? 0), statSync(dirname(path), { bigint: true }).uid];
  if (!status.isFile()) throw foreign(path, `it ${whatElse(status)}`);
  if (status.nlink > 1n) throw foreign(path, `it has ${status.nlink} names (hard links)`);
  if (!owners.includes(status.uid)) throw foreign(path, `it belongs to user ${status.uid}`);
  return { device: status.dev, inode: status.ino };
}

function foreign(path: string, why: string): OpsError {
  return new OpsError('refused', `cannot use ${path}: ${why}`);
}

// The only place where a database is opened, and the only importer of better-sqlite3.
import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { errorCode, systemError } from '../base/errors.ts';
import type { FileNumber } from '../source/source.ts';
import { schemaTrouble } from './errors.ts';
import { openExpected } from './opened-file.ts';

// SQLite reads this when it is first initialised. URI names are what lets us say immutable=1, for files that
// nobody writes: no locks, no -wal and -shm made beside them.
process.env.SQLITE_USE_URI = '1';

/** Where SQLite keeps what it sorts, in files without a name; for a process that has opened nothing yet. */
export function putTemporariesIn(directory: string): void {
  process.env.SQLITE_TMPDIR = directory; // read once, as above
}

export type { Database, Statement } from 'better-sqlite3';

/** Every page is read about once, so a larger cache costs memory and gains nothing (measured: 2 and 16 MB alike). */
const readCacheKiB = 2000;

/** SQLite maps no more of a file; what lies behind is read. Where addresses are short, Node needs them more. */
const mapBytesMax = ['arm', 'ia32'].includes(process.arch) ? 256 * 1024 * 1024 : 2 ** 31;

/** How long a read waits for a lock that the app holds, before the app counts as not answering; unless told otherwise. */
const lockWaitMs = 10_000;

/**
 * A database that we did not make is data, not code. Its schema may call only what has no effect and tells nothing
 * (https://sqlite.org/security.html), and a page is looked at before its cells are believed. What better-sqlite3 sees to
 * itself: the defensive mode, and that SQL may not load extensions.
 */
const distrust = ['trusted_schema = OFF', 'cell_size_check = ON'];

/** What a database that is opened has to be. */
export interface Opening {
  /** How long a read waits for a lock that the app holds. */
  lockWaitMs?: number | undefined;
  /** The file that was looked at before; opening another one is OpsError `refused`. Any, unless given. */
  file?: FileNumber | undefined;
}

/**
 * Opens a live database for reading. Never checkpoints, never creates the database. In WAL mode SQLite itself
 * maintains the -shm file beside it, as for every reader; with `makeIndex: false` it uses the one that is there, and
 * fails without one rather than make it.
 */
export function openLive(
  path: string,
  { makeIndex = true, file, lockWaitMs }: Opening & { makeIndex?: boolean } = {},
): Database.Database {
  const parameters = makeIndex ? '' : '?readonly_shm=1';
  return openReader(path, parameters, file, lockWaitMs);
}

/**
 * Opens a file that nobody writes while it is open. Takes no locks and leaves no side files, also where the header
 * says WAL. Wrong on a live database: the caller must know that it is not one, or check afterwards.
 */
export function openImmutable(path: string, { file }: Opening = {}): Database.Database {
  return openReader(path, '?immutable=1', file);
}

/**
 * The same, and SQLite reads the file's pages where the kernel has them anyway instead of copying each into memory of
 * its own. A page that the disk cannot deliver, or that is no longer there, then ends the whole process (SIGBUS): only
 * for a process that has nothing else to do. See docs/decisions/mapped-check.md.
 */
export function openMapped(path: string, opening: Opening = {}): Database.Database {
  const database = openImmutable(path, opening);
  database.pragma(`mmap_size = ${mapBytesMax}`);
  return database;
}

/** Brings a second such file into a connection that reads one, under a name of its own. */
export function attachImmutable(database: Database.Database, path: string, name: string): void {
  const quoted = quoteIdentifier(name);
  database.prepare(`ATTACH ? AS ${quoted}`).run(`file:${uriPath(path)}?immutable=1`);
  database.pragma(`${quoted}.cache_size = -${readCacheKiB}`);
}

/** Opens a file of our own for reading and writing; only with `create` may it be missing. */
export function openOwn(path: string, { create = false } = {}): Database.Database {
  return open(path, '', { fileMustExist: !create });
}

/** Opens the database of an app for writing: only for work that its owner asked for. Throws as `openExpected`. */
export function openWritten(
  path: string,
  { file, busyMs }: { file: FileNumber; busyMs: number },
): Database.Database {
  return openExpected(path, file, () => {
    const database = open(path, '', { fileMustExist: true });
    database.pragma(`busy_timeout = ${Math.round(busyMs)}`);
    return database;
  });
}

/** A new database in memory. */
export function openInMemory(): Database.Database {
  return new Database(':memory:');
}

/** Opens a new one at `copy`, with what the database at `path` has, which is not touched; empty where that is not there. */
export function openCopy(path: string, copy: string): Database.Database {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) {
    const source = openLive(path);
    try {
      source.prepare('VACUUM INTO ?').run(copy);
    } finally {
      source.close();
    }
  }
  return openOwn(copy, { create: true });
}

function openReader(
  path: string,
  parameters: string,
  file: FileNumber | undefined,
  timeout = lockWaitMs,
): Database.Database {
  const openIt = () => open(path, parameters, { readonly: true, fileMustExist: true, timeout });
  const database = file === undefined ? openIt() : openExpected(path, file, openIt);
  try {
    database.pragma(`cache_size = -${readCacheKiB}`);
    return database;
  } catch (error) {
    // The pragma reads the schema already, and fails where that cannot be read.
    const trouble = schemaTrouble(error);
    if (trouble !== undefined) return ununderstood(database, trouble);
    database.close();
    throw error;
  }
}

const troubles = new WeakMap<Database.Database, string>();

function ununderstood(database: Database.Database, trouble: string): Database.Database {
  troubles.set(database, trouble);
  return database;
}

/** Why SQLite makes no sense of the schema of an open database. Then only its pages can be copied, and its header read. */
export function schemaTroubleOf(database: Database.Database): string | undefined {
  return troubles.get(database);
}

/**
 * Goes on with what SQLite does make sense of in the schema of a file that nobody writes, and passes over the rest. For a
 * process that has nothing else to do: what was made to break SQLite gets further by this.
 */
export function tolerateSchema(database: Database.Database): void {
  database.unsafeMode(true); // the defensive mode does not let the setting through
  database.pragma('writable_schema = ON');
  database.unsafeMode(false);
}

function open(path: string, parameters: string, options: Database.Options): Database.Database {
  try {
    const database = new Database(`file:${uriPath(path)}${parameters}`, { timeout: lockWaitMs, ...options });
    for (const setting of distrust) database.pragma(setting); // none of them reads the file
    return database;
  } catch (error) {
    // SQLite has one code for a file that is not there, may not be reached, or lacks its directory.
    if (options.fileMustExist === true && errorCode(error) === 'SQLITE_CANTOPEN') requireThere(path);
    throw error;
  }
}

function requireThere(path: string): void {
  try {
    statSync(path);
  } catch (error) {
    throw systemError(`open ${path}`, error);
  }
}

/**
 * Escapes what has a meaning in a SQLite URI (https://sqlite.org/uri.html, section 3.1), and white space, which
 * better-sqlite3 would cut off at the end of a name.
 */
function uriPath(path: string): string {
  return path.replace(/[%?#\s]/g, (character) => encodeURIComponent(character)).replace(/^\/\/+/, '/');
}

/** An SQL identifier, quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Of the library that this process uses; asked of no file. */
export function sqliteVersion(): string {
  const none = new Database(':memory:');
  try {
    return String(none.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    none.close();
  }
}

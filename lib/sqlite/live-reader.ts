// Opening a live database so that the app never feels it: no side file that it could not write afterwards (S2).
import { shellWord } from '../base/shell-word.ts';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, OpsError } from '../base/errors.ts';
import type { FileNumber } from '../source/source.ts';
import { type Database, openLive } from './open.ts';
import { openDescriptors, requireBeside } from './opened-file.ts';
import { requireOrdinarySideFiles } from './side-files.ts';

/** What to open, and whether it was in WAL mode when it was looked at. */
export interface LiveSource {
  source: string;
  file: FileNumber;
  wal: boolean;
  /** As `Opening` has it. */
  lockWaitMs?: number;
}

/**
 * Opens it read-only and reads once. Throws OpsError `denied` where that is not possible without harm, `refused` where it
 * or a side file is not what it was, or not what SQLite makes.
 */
export function openSource({ source, file, wal, lockWaitMs }: LiveSource): Database {
  requireOrdinarySideFiles(source);
  const makeIndex = !wal || mayMakeSideFiles(source);
  // Those that are there are used. Should they vanish right now, SQLite fails instead of making new ones.
  if (!makeIndex && !hasSideFiles(source)) throw harmful(source);
  const before = openDescriptors();
  try {
    return readOnce(openLive(source, { makeIndex, file, lockWaitMs }), () => requireBeside(source, before));
  } catch (error) {
    throw unreadable(source, wal, error);
  }
}

/** Whether the log of a database in WAL mode and its index are there: then nothing is made to read it. */
export function hasSideFiles(source: string): boolean {
  return existsSync(`${source}-wal`) && existsSync(`${source}-shm`);
}

/** The first read is where SQLite opens the side files: fail here, with words for it. */
function readOnce(database: Database, requireRight: () => void): Database {
  try {
    database.pragma('schema_version');
    requireRight();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Whether the app could write a -wal and -shm made by this process. They are its own where it owns the database, and
 * where we are root, who gives them to it. Else they have our owner and the database's mode, and the group of the
 * directory (where that is passed on) or ours: only the right group with the right to write does not lock it out.
 */
export function mayMakeSideFiles(source: string): boolean {
  const { uid, gid, mode } = statSync(source);
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || user === uid || (mode & 0o002) !== 0) return true;
  const directory = statSync(dirname(source));
  const group = (directory.mode & 0o2000) === 0 ? process.getegid?.() : directory.gid;
  return (mode & 0o020) !== 0 && group === gid;
}

export function harmful(source: string): OpsError {
  const user = process.geteuid?.() ?? 0;
  return new OpsError(
    'denied',
    `cannot read the database ${source}: SQLite would create ${source}-shm as user ${user}, and the app could not write it`,
    {
      hint:
        `start the app, or run as its user; or let its group write, here too: ` +
        `chmod g+w ${shellWord(source)} && chmod g+s ${shellWord(dirname(source))}`,
    },
  );
}

function unreadable(path: string, wal: boolean, error: unknown): unknown {
  const code = errorCode(error) ?? '';
  const recovery = code.startsWith('SQLITE_READONLY');
  if (!recovery && !code.startsWith('SQLITE_CANTOPEN')) return error;
  if (recovery && existsSync(`${path}-journal`)) return hotJournal(path, error);
  return wal && !existsSync(`${path}-shm`) ? unreadableWal(path, error) : error;
}

function hotJournal(path: string, cause: unknown): OpsError {
  return new OpsError(
    'denied',
    `cannot read the database ${path}: a crashed writer left ${path}-journal, and only a process that may write can roll it back`,
    { hint: 'start the app once (it rolls the journal back), then run the backup again', cause },
  );
}

function unreadableWal(path: string, cause: unknown): OpsError {
  return new OpsError(
    'denied',
    `cannot read the database ${path}: it is in WAL mode, and SQLite must create ${path}-shm to read it, ` +
      `but this process may not write in ${dirname(path)}`,
    {
      hint: `run as the app's user or in its group (chmod g+w ${shellWord(dirname(path))}), or start the app, which makes the file`,
      cause,
    },
  );
}

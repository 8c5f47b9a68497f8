// Opens ops.db whatever state it is in: losing it loses history, never safety, so nothing here stops a job.
import { errorCode, errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { HistoryDatabase } from './database.ts';
import { prepareSchema, schemaVersion } from './schema.ts';

export interface OpenDatabaseOptions {
  log: Log;
  /** Moves a damaged file out of the way, so that `open` makes a new one. */
  quarantine: () => void;
}

/**
 * Returns the database with our tables in it, or undefined with one warning. A damaged one is set aside and made anew,
 * once; one that a newer Holdfast has made is not touched.
 */
export function openDatabase(
  open: () => HistoryDatabase,
  { log, quarantine }: OpenDatabaseOptions,
): HistoryDatabase | undefined {
  try {
    return openPrepared(open, log);
  } catch (error) {
    if (!isDamage(error)) return unwritable(log, error);
    log.warn('the history is damaged: it is set aside, and a new one begins', {
      reason: errorMessage(error),
    });
  }
  try {
    quarantine();
    return openPrepared(open, log);
  } catch (error) {
    return unwritable(log, error);
  }
}

function openPrepared(open: () => HistoryDatabase, log: Log): HistoryDatabase | undefined {
  const database = open();
  let keep = false;
  try {
    const version = prepareSchema(database);
    keep = version <= schemaVersion;
    if (!keep) {
      log.warn('history is not written: a newer Holdfast has made it', { version, ours: schemaVersion });
    }
    return keep ? database : undefined;
  } finally {
    if (!keep) database.close();
  }
}

function unwritable(log: Log, error: unknown): undefined {
  log.warn(`history could not be written: ${errorMessage(error)}`);
  return undefined;
}

/** Whoever opened the database may have wrapped what SQLite said. */
function isDamage(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return true;
  return error instanceof Error && error.cause !== undefined && isDamage(error.cause);
}

// R5: the journal mode is a property of the app's set-up, not of the backup: a restored file gets the one in place.
import { rm } from 'node:fs/promises';
import { OpsError, systemError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { sqliteError } from './errors.ts';
import { firstBytes } from './first-bytes.ts';
import { type JournalMode, journalModeIn, parseHeader } from './header.ts';
import { openOwn } from './open.ts';

/**
 * Gives `staged`, a file of our own, the journal mode of the database at `target`. A missing or damaged one has none to
 * keep. Throws OpsError where one of them cannot be read, or the mode cannot be set.
 */
export async function keepJournalMode(target: string, staged: string): Promise<void> {
  const [now, then] = [await journalModeOf(target), await journalModeOf(staged)];
  if (now === undefined || then === undefined || now === then) return;
  setJournalMode(staged, now);
  for (const suffix of ['-wal', '-shm']) await rm(staged + suffix, { force: true });
}

/** The journal mode of the database at `path`; undefined where there is none. Throws OpsError where it cannot be read. */
export async function journalModeOf(path: string): Promise<JournalMode | undefined> {
  try {
    const bytes = await ifThere(firstBytes(path));
    const header = bytes === undefined ? undefined : parseHeader(bytes);
    return header === undefined ? undefined : journalModeIn(header);
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

/** Sets the journal mode in the header of a file of our own; whatever journals otherwise than WAL becomes `delete`. */
export function setJournalMode(path: string, mode: JournalMode): void {
  try {
    const database = openOwn(path);
    try {
      const now = String(database.pragma(`journal_mode = ${mode}`, { simple: true }));
      if (now === mode) return;
      throw new OpsError(
        'io',
        `cannot set the journal mode of ${path} to ${mode}: SQLite leaves it at ${now}`,
      );
    } finally {
      database.close();
    }
  } catch (error) {
    throw sqliteError(`set the journal mode of ${path}`, error);
  }
}

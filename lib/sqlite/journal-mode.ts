// R5: the journal mode is a property of the app's set-up, not of the backup: a restored file gets the one in place.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { OpsError, systemError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { writeAll } from '../files/write-all.ts';
import { firstBytes } from './first-bytes.ts';
import { headerBytes, type JournalMode, journalModeIn, journalModes, parseHeader } from './header.ts';

/**
 * Gives `staged`, a file of our own, the journal mode of the database at `target`. A missing or damaged one has none to
 * keep: then it is the one that was recorded when the copy was made. Throws OpsError where one of them cannot be read, or
 * the mode cannot be set.
 */
export async function keepJournalMode(target: string, staged: string, recorded?: string): Promise<void> {
  const now = (await journalModeOf(target)) ?? journalModes.find((mode) => mode === recorded);
  const then = await journalModeOf(staged);
  if (now === undefined || then === undefined || now === then) return;
  await setJournalMode(staged, now);
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

/**
 * Sets the journal mode in the header of a whole file of our own that nobody has open; whatever journals otherwise than
 * WAL becomes `delete`. By the two bytes that say so (https://sqlite.org/fileformat2.html, 1.3.3), which is all that
 * SQLite itself would change: it is not asked, because it finds files by their path and makes others beside them.
 */
export async function setJournalMode(path: string, mode: JournalMode): Promise<void> {
  try {
    await using file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { buffer } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    if (parseHeader(buffer) === undefined)
      throw new OpsError('damaged', `cannot set the journal mode of ${path}: it is no SQLite database`);
    await writeAll(file, Buffer.alloc(2, mode === 'wal' ? 2 : 1), versionsOffset);
  } catch (error) {
    throw systemError(`set the journal mode of ${path}`, error);
  }
}

/** Of the write version; the read version follows it. */
const versionsOffset = 18;

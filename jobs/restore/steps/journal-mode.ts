// R5: the journal mode is a property of the app's set-up, not of the backup: it stays as it is now.
import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { headerBytes, parseHeader } from '../../../lib/sqlite/header.ts';
import { setJournalMode } from '../../../lib/sqlite/merge.ts';
import { errorCode, systemError } from '../../../lib/base/errors.ts';

/** Gives the staged file the journal mode of the database in place. A missing or damaged one has none to keep. */
export async function keepJournalMode(target: string, staged: string): Promise<void> {
  const [now, then] = [await walOf(target), await walOf(staged)];
  if (now === undefined || then === undefined || now === then) return;
  setJournalMode(staged, now ? 'wal' : 'delete');
  for (const suffix of ['-wal', '-shm']) await rm(staged + suffix, { force: true });
}

async function walOf(path: string): Promise<boolean | undefined> {
  try {
    // O_NONBLOCK: should the file have become a pipe since it was looked at, opening it must not hang.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { buffer } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
      return parseHeader(buffer)?.wal;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemError(`read ${path}`, error);
  }
}

// Removing scratch directories: one's own, and what dead runs left.
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorCode } from '../base/errors.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { ifThere } from './if-there.ts';
import { processState } from './process-identity.ts';
import { readRecord } from './read-small-file.ts';
import { ownerFileName, parseScratchOwner } from './scratch-owner.ts';

/** How old scratch must be before it is removed although nobody can tell whether its owner still runs. */
const unknownOwnerAgeMsMax = 7 * 24 * 60 * 60 * 1000;

const ownerBytesMax = 64 * 1024;

/** Removes a scratch directory with everything in it. One that is gone already is fine. */
export async function removeScratch(path: string): Promise<void> {
  for (const name of (await ifThere(readdir(path))) ?? []) {
    // The owner file goes last: killed halfway, what is left can still be judged.
    if (name !== ownerFileName) await rm(join(path, name), { recursive: true, force: true });
  }
  await rm(path, { recursive: true, force: true });
}

/**
 * Removes the scratch directory at `path` if its run is dead, and says whether it did. Without an owner that can be
 * judged from here (`unknown`) age decides. What is not a directory is left alone.
 */
export async function removeLeftover(path: string, here: ProcessIdentity, clock: Clock): Promise<boolean> {
  const stats = await ifThere(lstat(path)); // its run may have just ended
  if (stats?.isDirectory() !== true) return false;
  const text = await readRecord(join(path, ownerFileName), ownerBytesMax);
  // Killed before it wrote its name, or just about to: then it makes the directory again.
  if (text === undefined && (await isRemovedWhenEmpty(path))) return true;
  const owner = parseScratchOwner(basename(path), text ?? '');
  const state = owner === undefined ? 'unknown' : processState(owner, here);
  const isOld = clock.now().getTime() - stats.mtimeMs > unknownOwnerAgeMsMax;
  if (state === 'alive' || (state === 'unknown' && !isOld)) return false;
  await removeScratch(path);
  return true;
}

async function isRemovedWhenEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

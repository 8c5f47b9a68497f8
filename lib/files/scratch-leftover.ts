// Removing scratch directories: one's own, and what dead runs left. By names in held directories: whoever owns one above
// may put a link, or another directory, in the place of any that is named by its path.
import { rmdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { errorCode } from '../base/errors.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import type { HeldDirectory } from './held-directory.ts';
import { ifPathThere, ifThere } from './if-there.ts';
import { processState } from './process-identity.ts';
import { readRecord } from './read-small-file.ts';
import { removeIn } from './remove-in.ts';
import { ownerFileName, parseScratchOwner } from './scratch-owner.ts';

/** How old scratch must be before it is removed although nobody can tell whether its owner still runs. */
const unknownOwnerAgeMsMax = 7 * 24 * 60 * 60 * 1000;

/** More than any small file in a scratch directory that says something of it. */
export const noteBytesMax = 64 * 1024;

/** Removes a scratch directory with everything in it. One that is gone already is fine. */
export async function removeScratch(parent: HeldDirectory, name: string): Promise<void> {
  using directory = await ifPathThere(parent.hold(name)); // a link is not scratch
  if (directory === undefined) return;
  await removeContents(directory, name, parent);
}

async function removeContents(directory: HeldDirectory, name: string, parent: HeldDirectory): Promise<void> {
  // The owner file goes last: killed halfway, what is left can still be judged.
  const names = (await directory.names()).filter((inside) => inside !== ownerFileName);
  for (const inside of names) await removeIn(directory, inside);
  await removeIn(directory, ownerFileName);
  await ifThere(rmdir(parent.at(name)));
}

/**
 * Removes the scratch directory `name` if its run is dead, and says whether it did. Without an owner that can be judged
 * from here (`unknown`) age decides. What is not a directory is left alone. `onLeft` is told of it before.
 */
export async function removeLeftover(
  parent: HeldDirectory,
  name: string,
  {
    here,
    clock,
    onLeft,
  }: { here: ProcessIdentity; clock: Clock; onLeft: (left: HeldDirectory) => Promise<void> },
): Promise<boolean> {
  using directory = await ifPathThere(parent.hold(name)); // its run may have just ended
  if (directory === undefined) return false;
  const { mtimeMs } = await directory.status();
  // Of what cannot be read nothing is believed.
  const text = await readRecord(directory.at(ownerFileName), noteBytesMax).catch(() => '');
  // Killed before it wrote its name, or just about to: then it makes the directory again.
  if (text === undefined && (await isRemovedWhenEmpty(parent.at(name)))) return true;
  const owner = parseScratchOwner(name, text ?? '');
  const state = owner === undefined ? 'unknown' : processState(owner, here);
  const isOld = clock.now().getTime() - Number(mtimeMs) > unknownOwnerAgeMsMax;
  if (state === 'alive' || (state === 'unknown' && !isOld)) return false;
  await onLeft(directory);
  await removeContents(directory, name, parent);
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

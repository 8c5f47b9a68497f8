// Removal in a held directory: of a name there and of what is in it, never through a link, nothing by a path of several parts.
import { rmdir, unlink } from 'node:fs/promises';
import { errorCode } from '../base/errors.ts';
import type { HeldDirectory } from './held-directory.ts';
import { ifThere } from './if-there.ts';

/** Removes whatever has the name, a directory with all that is in it; nothing there is fine. Rejects with the system's error. */
export async function removeIn(parent: HeldDirectory, name: string): Promise<void> {
  try {
    await ifThere(unlink(parent.at(name)));
  } catch (error) {
    // What unlink(2) says of a directory.
    if (!['EISDIR', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
    using directory = await parent.hold(name).catch(() => {
      throw error;
    });
    await emptyDirectory(directory);
    await ifThere(rmdir(parent.at(name)));
  }
}

/** Removes all that is in the directory, which stays. */
export async function emptyDirectory(directory: HeldDirectory): Promise<void> {
  for (const name of await directory.names()) await removeIn(directory, name);
}

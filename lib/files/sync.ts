// fsync, for files and for the directories that name them.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode, systemError } from '../base/errors.ts';

/** Returns when the file's bytes are on the device. */
export async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, constants.O_RDONLY);
    await file.sync();
  } catch (error) {
    throw systemError(`write ${path} to the device`, error);
  }
}

// What file systems answer that have no fsync for directories (some network and FUSE mounts).
const notSupported = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Returns when the names in a directory are on the device: what was created, renamed or removed there stays so
 * after a power cut. Where the file system cannot do this it decides itself when they are.
 */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await directory.sync();
  } catch (error) {
    if (notSupported.has(errorCode(error) ?? '')) return;
    throw systemError(`write the directory ${path} to the device`, error);
  }
}

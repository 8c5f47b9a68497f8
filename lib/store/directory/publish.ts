// How a finished file becomes an object of a directory store, and how an object goes: with the directories above it.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, rmdir, unlink } from 'node:fs/promises';
import { errorCode } from '../../base/errors.ts';
import { giveToOwnerOf } from '../../files/belong.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { ifPathThere, ifThere } from '../../files/if-there.ts';
import { publishFile } from '../../files/publish-file.ts';
import { nameTaken } from '../refusals.ts';
import type { Stored, StoreName } from '../store.ts';
import type { DirectoryAccess } from './access.ts';
import { systemCode } from './failure.ts';
import { storedFrom } from './objects.ts';
import { moveSideFilesAside } from './side-files.ts';
import { inDirectoryOf, inMadeDirectoryOf } from './walk.ts';

/** Readable for the group, so that a person or rsync can take copies without being root. */
const objectMode = 0o640;

const attemptsMax = 10;

/**
 * Gives `temporary`, a finished file on the store's file system, the name `name`. Without `replace` a taken name is
 * OpsError `refused`, however late it was taken.
 */
export async function publishObject(
  access: DirectoryAccess,
  name: StoreName,
  temporary: string,
  replace: boolean,
): Promise<Stored> {
  const { root } = access;
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using file = await open(temporary, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inMadeDirectoryOf(root, name, async (directory, last) => {
        // A file system without modes may refuse; then its mount options decide who reads.
        await file.chmod(objectMode).catch(() => undefined);
        await giveToOwnerOf(root, file);
        await moveSideFilesAside(directory, last, access);
        await publishFile(temporary, directory.at(last), { replace });
      });
      return storedFrom(name, await file.stat());
    } catch (error) {
      // Another process removed the last object beside this one, and with it the directory just made for this one.
      if (systemCode(error) === 'ENOENT' && attempt < attemptsMax) continue;
      if (!replace) await takeBack(root, name, file);
      throw asRefusal(name, error);
    }
  }
}

/**
 * Removes an object and the directories that are empty then, but never the root. That it is gone is on the device when
 * this returns, also where it was gone before: a run may have removed it and been killed. What is no object stays.
 */
export async function removeObject(root: HeldDirectory, name: StoreName): Promise<void> {
  if ((await removeIn(root, name.split('/'))) === 'removed') await root.sync();
}

/** What became of the last name in a directory: what was removed is for the caller to sync, or goes with the directory. */
async function removeIn(
  directory: HeldDirectory,
  [segment = '', ...rest]: string[],
): Promise<'removed' | 'synced'> {
  const path = directory.at(segment);
  const stats = await ifThere(lstat(path));
  if (rest.length === 0 && stats?.isFile() === true) {
    await ifThere(unlink(path));
    return 'removed';
  }
  using next = rest.length === 0 ? undefined : await ifPathThere(directory.hold(segment));
  if (next === undefined) {
    await directory.sync();
    return 'synced';
  }
  if ((await removeIn(next, rest)) === 'synced') return 'synced';
  if (await isRemovedWhenEmpty(path)) return 'removed';
  await next.sync();
  return 'synced';
}

/**
 * Where only the last step failed, the flush of the directory, the name stands already: a failed `put` leaves none.
 * Whatever else has that name by now was not made here and stays.
 */
async function takeBack(root: HeldDirectory, name: StoreName, file: FileHandle): Promise<void> {
  const made = await file.stat();
  const isOurs = await inDirectoryOf(root, name, async (directory, last) => {
    const { dev, ino } = await lstat(directory.at(last));
    return dev === made.dev && ino === made.ino;
  }).catch(() => false);
  // That the same flush fails once more is no news.
  if (isOurs) await removeObject(root, name).catch(() => undefined);
}

async function isRemovedWhenEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    return errorCode(error) === 'ENOENT'; // otherwise it is not empty, or has to stay: both are fine
  }
}

function asRefusal(name: StoreName, error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (code === 'EEXIST') return nameTaken(name, { why: 'it exists already', cause: error });
  if (!['EISDIR', 'ENOTDIR', 'ENOTEMPTY'].includes(code)) return error;
  return nameTaken(name, { why: 'a file or directory is in the way', cause: error });
}

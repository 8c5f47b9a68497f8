// How a finished file becomes an object of a directory store, and how an object goes: with the directories above it.
import type { Stats } from 'node:fs';
import { lstat, mkdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../base/errors.ts';
import { ifThere } from '../../files/if-there.ts';
import { giveToOwnerOf } from '../../files/belong.ts';
import { publishFile } from '../../files/publish-file.ts';
import { syncDirectory } from '../../files/sync.ts';
import { nameTaken } from '../refusals.ts';
import type { Stored, StoreName } from '../store.ts';
import { systemCode } from './failure.ts';
import { storedFrom } from './objects.ts';

const attemptsMax = 10;

/**
 * Gives `temporary`, a finished file on the store's file system, the name `name`. Without `replace` a taken name is
 * OpsError `refused`, however late it was taken.
 */
export async function publishObject(
  root: string,
  name: StoreName,
  temporary: string,
  replace: boolean,
): Promise<Stored> {
  const stats = await lstat(temporary);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await makeDirectoriesOf(root, name);
      await giveToOwnerOf(root, temporary);
      await publishFile(temporary, join(root, name), { replace });
      return storedFrom(name, stats);
    } catch (error) {
      // Another process removed the last object beside this one, and with it the directory just made for this one.
      if (systemCode(error) === 'ENOENT' && attempt < attemptsMax) continue;
      if (!replace) await takeBack(root, name, stats);
      throw asRefusal(name, error);
    }
  }
}

/** Removes an object and the directories that are empty then, but never the root. */
export async function removeObject(root: string, name: StoreName): Promise<void> {
  await ifThere(unlink(join(root, name)));
  let directory = dirname(name);
  while (directory !== '.' && (await isRemovedWhenEmpty(join(root, directory))))
    directory = dirname(directory);
  await syncDirectory(join(root, directory)).catch((error: unknown) => {
    // Another process removed it in the meantime, and syncs the directory above it.
    if (systemCode(error) !== 'ENOENT' || directory === '.') throw error;
  });
}

/**
 * Where only the last step failed, the flush of the directory, the name stands already: a failed `put` leaves none.
 * Whatever else has that name by now was not made here and stays.
 */
async function takeBack(root: string, name: StoreName, { dev, ino }: Stats): Promise<void> {
  const found = await lstat(join(root, name)).catch(() => undefined);
  if (found?.dev !== dev || found.ino !== ino) return;
  // That the same flush fails once more is no news.
  await removeObject(root, name).catch(() => undefined);
}

/** Makes the directories above an object. Not those above the root: a root that is gone must not come back empty. */
async function makeDirectoriesOf(root: string, name: StoreName): Promise<void> {
  const segments = name.split('/').slice(0, -1);
  let parent = root;
  for (const segment of segments) {
    const directory = join(parent, segment);
    try {
      await mkdir(directory, { mode: 0o750 });
      await giveToOwnerOf(root, directory);
      await syncDirectory(parent);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    parent = directory;
  }
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

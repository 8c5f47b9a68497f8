// Making directories that are still there after a power cut, also those that another run made and did not live to sync.
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import { giveDirectoryToOwnerOf } from './belong.ts';
import { type HeldDirectory, holdDirectory } from './held-directory.ts';
import { isPathMissing } from './if-there.ts';
import { locateDirectory } from './locate-file.ts';
import { fullDiskDetails } from './space.ts';

/** The most that a directory of ours allows; what allows more was there before us. */
const modeMax = 0o750n;

/**
 * Creates a directory and those above it that are missing, and returns when their names are on the device. `mode` is
 * that of the new ones, less what the umask takes away; where root makes them they belong to the owner of the directory
 * they are made in. A directory that is there already stays as it is.
 *
 * That it is there does not say that its name is on the device: a run may have made it and been killed. So the name of the
 * directory itself is always synced, and above it those of directories that may be of our making, once in a process.
 */
export async function createDirectories(path: string, mode = Number(modeMax)): Promise<void> {
  const absolute = resolve(path);
  try {
    using directory = await makeDirectory(absolute, mode);
    await syncNames(directory);
  } catch (error) {
    throw systemError(`create the directory ${path}`, error, fullDiskDetails(error, dirname(absolute)));
  }
}

/**
 * For a run that is only tried: throws what `createDirectories`, and whoever then makes something in it, would throw where the
 * directory, or the nearest above it that is there, is none or may not be written.
 */
export async function requireCreatable(path: string): Promise<void> {
  try {
    using nearest = await nearestDirectory(resolve(path));
    await access(nearest.at('.'), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw systemError(`create the directory ${path}`, error);
  }
}

async function nearestDirectory(absolute: string): Promise<HeldDirectory> {
  try {
    return await locateDirectory(absolute);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') throw await fileInTheWay(absolute, error);
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  return nearestDirectory(dirname(absolute));
}

/** Holds the directory at a path, made if it is missing. */
async function makeDirectory(absolute: string, mode: number): Promise<HeldDirectory> {
  try {
    return await locateDirectory(absolute);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') throw await fileInTheWay(absolute, error);
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  using parent = await makeDirectory(dirname(absolute), mode);
  return await makeIn(parent, basename(absolute), mode);
}

/**
 * Holds the directory `name` in `parent`, made if it is missing. Its name is not on the device yet. Rejects with the
 * system's error: ENOTDIR where something else has the name.
 */
export async function makeIn(parent: HeldDirectory, name: string, mode: number): Promise<HeldDirectory> {
  const isNew = await mkdir(parent.at(name), { mode }).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return false; // another process may have made it in the meantime
      throw error;
    },
  );
  const made = await parent.hold(name);
  if (isNew) await giveDirectoryToOwnerOf(parent, made);
  return made;
}

/** The directories whose names this process has synced. */
const synced = new Set<string>();

async function syncNames(directory: HeldDirectory): Promise<void> {
  const { dev, ino, birthtimeNs } = await directory.status();
  const key = [dev, ino, birthtimeNs].join(':');
  if (directory.path === '/' || synced.has(key)) return;
  using above = await holdDirectory(directory.at('..'), dirname(directory.path));
  await above.sync().catch((error: unknown) => {
    // What we may not even read we have not made.
    if (!(error instanceof OpsError && error.kind === 'denied')) throw error;
  });
  if (((await above.status()).mode & 0o777n & ~modeMax) === 0n) await syncNames(above);
  synced.add(key);
}

/** Which part of the path it is. */
async function fileInTheWay(absolute: string, error: unknown): Promise<unknown> {
  const above = dirname(absolute);
  try {
    using parent = await locateDirectory(above);
    return new OpsError(
      'refused',
      `cannot create the directory ${join(parent.path, basename(absolute))}: a file has that name`,
    );
  } catch (found) {
    return isPathMissing(found) ? fileInTheWay(above, error) : found;
  }
}

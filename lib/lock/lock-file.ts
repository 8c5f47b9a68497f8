// The file a lock lives on: `<directory>/<lock>.lock`, shared with shell scripts that use flock(1) on it.
// It is created once and never truncated, written or removed, because a lock belongs to the file and not to its name.
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { locateDirectory } from '../files/locate-file.ts';

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The path of a lock's file. */
export function lockPath(directory: string, lock: string): string {
  return join(directory, `${lock}.lock`);
}

/**
 * Opens the lock's file for reading and writing, creating it (0660) and its directory (0770) when they are missing.
 * Throws OpsError `denied` when this user may not, and `refused` when the path is anything but a plain file.
 */
export async function openLockFile(directory: string, path: string): Promise<FileHandle> {
  await makeDirectory(directory);
  const file = await openHeld(directory, path).catch((error: unknown) => {
    throw openingError(directory, path, error);
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw notPlain(path, 'it is not a plain file');
}

/** Whether the path still leads to the open file: a lock on a file that was removed or replaced excludes nobody. */
export async function isStillThere(file: FileHandle, path: string): Promise<boolean> {
  const held = await file.stat({ bigint: true });
  try {
    const there = await ifThere(lstat(path, { bigint: true }));
    return there?.dev === held.dev && there.ino === held.ino;
  } catch (error) {
    throw systemError(`lock ${path}`, error);
  }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: 0o770 });
    // The umask would keep the group out, and with it the people who run jobs by hand.
    if (made === undefined) return;
    using held = await locateDirectory(directory);
    if (Number((await held.status()).uid) === process.geteuid?.()) await chmod(held.at('.'), 0o770);
  } catch (error) {
    throw systemError(`create the directory for locks ${directory}`, error, {
      hint: hintFor(directory, error),
    });
  }
}

/** The run directory may be another user's, who could exchange the directory for a link. */
async function openHeld(directory: string, path: string): Promise<FileHandle> {
  using held = await locateDirectory(directory);
  return await openOrCreate(held.at(basename(path)));
}

async function openOrCreate(path: string): Promise<FileHandle> {
  for (;;) {
    const existing = await ifThere(openExisting(path));
    if (existing !== undefined) return existing;
    try {
      const file = await open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o660);
      await file.chmod(0o660); // as above: the umask
      return file;
    } catch (error) {
      // Another process has created it between the two: open that one.
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** A script of root's may have created the file for its owner alone to write; reading is enough to lock it. */
async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error;
    return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK); // a pipe would be waited for
  }
}

function openingError(directory: string, path: string, error: unknown): unknown {
  if (errorCode(error) === 'ELOOP') return notPlain(path, 'it is a symbolic link', error);
  if (errorCode(error) === 'EISDIR') return notPlain(path, 'it is a directory', error);
  return systemError(`open the lock ${path}`, error, { hint: hintFor(directory, error) });
}

function notPlain(path: string, words: string, cause?: unknown): OpsError {
  const hint = 'find out who put it there, and remove it';
  return new OpsError('refused', `cannot use the lock ${path}: ${words}`, { hint, cause });
}

function hintFor(directory: string, error: unknown): string {
  if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? ''))
    return 'run_directory in the configuration, or HOLDFAST_RUN, must be a directory that this user may write';
  return `run it with sudo, or as a user who may write ${directory}: a lock elsewhere would keep nobody out`;
}

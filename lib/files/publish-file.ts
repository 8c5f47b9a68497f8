// The step that gives a finished file its final name: atomic, durable, and never over another file by accident.
import { link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, OpsError, systemError } from '../base/errors.ts';
import { ifThere } from './if-there.ts';
import { fullDiskDetails } from './space.ts';
import { syncDirectory, syncFile } from './sync.ts';

/**
 * Moves a finished file to its final name on the same file system. Its bytes are on the device before the name
 * appears, and the name is on the device when this returns.
 *
 * With `replace`, readers of `target` see the old file or the new one. Without it an existing `target`, of whatever
 * type, is OpsError `refused` and stays as it is, also when two processes publish the same name at once: exactly one
 * wins. On failure `temporary` is left where it was. When only the last step failed (the sync of the directory),
 * `target` is whole but may not survive a power cut.
 *
 * Where the file system has no hard links (vfat, exfat, some network mounts) an empty `target` is seen for a moment,
 * and stays if the machine dies in that moment. It is still never an existing file that is lost, unless another
 * process replaces `target` within that same moment.
 */
export async function publishFile(
  temporary: string,
  target: string,
  { replace }: { replace: boolean },
): Promise<void> {
  try {
    await syncFile(temporary);
    await (replace ? rename(temporary, target) : moveToNewName(temporary, target));
  } catch (error) {
    throw systemError(`create ${target}`, error, fullDiskDetails(error, dirname(target)));
  }
  await syncDirectory(dirname(target));
}

/** Throws OpsError `refused` when something, of whatever type, has this name: before the work, not after it. */
export async function requireNothingAt(target: string): Promise<void> {
  const found = await ifThere(lstat(target)).catch((error: unknown) => {
    throw systemError(`write ${target}`, error);
  });
  if (found === undefined) return;
  throw new OpsError('refused', `cannot write ${target}: it exists already`, {
    hint: 'name a file that does not exist; nothing is overwritten',
  });
}

/** Removes a file if it is there. For clean-up after an error: that error is the one to tell, not this one's. */
export async function removeQuietly(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

// What link(2) answers where there are no hard links, or where the kernel forbids this one (protected_hardlinks).
const linkNotSupported = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** rename(2) overwrites, and Node has no RENAME_NOREPLACE; link(2) is the atomic step that does not. */
async function moveToNewName(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (linkNotSupported.has(code)) return reserveThenRename(temporary, target);
    // NFS repeats a link whose reply was lost, and then finds its own.
    if (code !== 'EEXIST' || !(await areSameFile(temporary, target))) throw error;
  }
  // The file is published. A second name that cannot be removed is a leftover, not a failure.
  await unlink(temporary).catch(() => undefined);
}

async function reserveThenRename(temporary: string, target: string): Promise<void> {
  await (await open(target, 'wx', 0o600)).close();
  try {
    await rename(temporary, target);
  } catch (error) {
    await removeQuietly(target);
    throw error;
  }
}

async function areSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
  return a.dev === b.dev && a.ino === b.ino;
}

// Whether a file is still the one whose bytes were hashed, told from its inode and change times without reading it.
import type { BigIntStats } from 'node:fs';
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { systemError } from '../base/errors.ts';
import type { FileIdentity } from './digest.ts';

/** The identity that `stats` tells of. */
export function identityOf(stats: BigIntStats): FileIdentity {
  return {
    device: stats.dev,
    inode: stats.ino,
    sizeBytes: stats.size,
    modifiedNs: stats.mtimeNs,
    changedNs: stats.ctimeNs,
  };
}

/** The identity of an open file, or of what a path leads to (symbolic links are followed). */
export async function fileIdentity(file: string | FileHandle): Promise<FileIdentity> {
  if (typeof file !== 'string') return identityOf(await file.stat({ bigint: true }));
  try {
    return identityOf(await stat(file, { bigint: true }));
  } catch (error) {
    throw systemError(`read ${file}`, error);
  }
}

/** Which file a path leads to now, whatever is in it: of a device and an inode; undefined for none. */
export function fileNumberAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** True when both are known and equal: the bytes are the same. False proves nothing; the bytes must be read. */
export function sameIdentity(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return sameBytes(a, b) && a?.changedNs === b?.changedNs;
}

/**
 * Like `sameIdentity`, but a change of name, mode or owner passes: these move the change time and no bytes. For two
 * looks at an open file, which may be renamed, replaced or removed while it is read.
 */
export function sameBytes(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return (
    a.device === b.device &&
    a.inode === b.inode &&
    a.sizeBytes === b.sizeBytes &&
    a.modifiedNs === b.modifiedNs
  );
}

/**
 * The identity a file has under its new name, if nothing but its name changed since it had `before`; otherwise
 * undefined. For a file that this process itself has just renamed or linked: that moves the inode's change time.
 */
export async function identityAfterMove(
  before: FileIdentity | undefined,
  path: string,
): Promise<FileIdentity | undefined> {
  const after = await fileIdentity(path);
  return sameBytes(before, after) ? after : undefined;
}

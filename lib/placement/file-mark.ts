// By what a file is known again after a kill: its inode, and whether it was written since.
import { lstat } from 'node:fs/promises';
import { OpsError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { wrapped } from './wrapped.ts';

/** What is recorded of a file. A hard link and a rename change none of it. */
export interface FileMark {
  device: bigint;
  inode: bigint;
  sizeBytes: bigint;
  modifiedNs: bigint;
}

/**
 * The mark of a regular file, undefined where there is nothing. Throws OpsError `refused` for anything else, with the
 * path that messages call it by.
 */
export async function fileMark(path: string, called = path): Promise<FileMark | undefined> {
  const status = await wrapped(`look at ${called}`, () => ifThere(lstat(path, { bigint: true })));
  if (status === undefined) return undefined;
  if (!status.isFile()) {
    throw new OpsError('refused', `cannot use ${called}: it is not a regular file`, {
      hint: 'name the file itself, not a link or a directory',
    });
  }
  return { device: status.dev, inode: status.ino, sizeBytes: status.size, modifiedNs: status.mtimeNs };
}

/**
 * Whether both are the same file, whatever was written to it. The device number is not compared, because all files
 * of a placement lie on one file system and its number may differ after a reboot.
 */
export function isSameFile(left: FileMark | undefined, right: FileMark | undefined): boolean {
  return left !== undefined && right !== undefined && left.inode === right.inode;
}

/** Whether both have the same size and time of modification: the bytes were not written in between. */
export function isUnwritten(left: FileMark, right: FileMark): boolean {
  return left.sizeBytes === right.sizeBytes && left.modifiedNs === right.modifiedNs;
}

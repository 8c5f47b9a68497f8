// Whose a file can be, told from the directory it is in: a second name of somebody else's file (a hard link) looks like any.
import type { BigIntStats } from 'node:fs';

/**
 * What is wrong with a file that has several names where who could give it this one is not its owner: it may be a file of
 * anybody. Undefined where nothing is.
 */
export function borrowed(file: BigIntStats, directory: BigIntStats): string | undefined {
  if (file.nlink === 1n || file.uid === directory.uid || isOursAlone(directory)) return undefined;
  return `has ${file.nlink} names (hard links), and belongs to user ${file.uid}, its directory to user ${directory.uid}`;
}

/** Whether nobody but root and this process's user makes names in a directory. */
export function isOursAlone({ uid, mode }: BigIntStats): boolean {
  return isRootOrUs(Number(uid)) && (mode & 0o022n) === 0n;
}

/** Whether the user is root, or the one that this process runs as: nobody to be careful of. */
export function isRootOrUs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

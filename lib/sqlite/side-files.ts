// What lies beside a database under the names that SQLite opens: as likely as the database itself, somebody else put it
// there. A pipe would keep SQLite waiting, and in what is called -shm it writes also when it only reads.
import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';

export const sideFileSuffixes = ['-wal', '-shm', '-journal'] as const;

/**
 * Requires each side file of the database at `path` to be a file of its own, if there is one. Throws OpsError `refused`.
 * `called` is what messages call the database.
 */
export function requireOrdinarySideFiles(path: string, called = path): void {
  for (const suffix of sideFileSuffixes) {
    const status = lstatSync(path + suffix, { bigint: true, throwIfNoEntry: false });
    if (status === undefined) continue;
    const flaw = status.isFile()
      ? borrowed(status, statSync(dirname(path), { bigint: true }))
      : whatElse(status);
    if (flaw !== undefined)
      throw new OpsError('refused', `cannot read the database ${called}: ${called}${suffix} ${flaw}`, {
        hint: `SQLite would not have made that; see whose it is: ls -l ${called}*`,
      });
  }
}

/**
 * What is wrong with a file that has several names where who could give it this one is not its owner: it may be a file of
 * anybody. Undefined where nothing is.
 */
export function borrowed(file: BigIntStats, directory: BigIntStats): string | undefined {
  if (file.nlink === 1n || file.uid === directory.uid || (isOurs(directory.uid) && isClosed(directory)))
    return undefined;
  return `has ${file.nlink} names (hard links), and belongs to user ${file.uid}, its directory to user ${directory.uid}`;
}

/** `is a directory` and the like, of what is no regular file. */
export function whatElse(status: BigIntStats): string {
  if (status.isDirectory()) return 'is a directory';
  return status.isSymbolicLink() ? 'is a symbolic link' : 'is not a regular file';
}

function isOurs(uid: bigint): boolean {
  return uid === 0n || Number(uid) === process.geteuid?.();
}

/** Nobody but its owner makes names in it. */
function isClosed(directory: BigIntStats): boolean {
  return (directory.mode & 0o022n) === 0n;
}

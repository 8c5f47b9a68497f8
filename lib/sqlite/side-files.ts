// What lies beside a database under the names that SQLite opens: as likely as the database itself, somebody else put it
// there. A pipe would keep SQLite waiting, and in what is called -shm it writes also when it only reads.
import { shellWord } from '../base/shell-word.ts';
import { type BigIntStats, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { borrowed } from '../files/borrowed.ts';

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
        hint: `SQLite would not have made that; see whose it is: ls -l ${shellWord(called)}*`,
      });
  }
}

/** `is a directory` and the like, of what is no regular file. */
export function whatElse(status: BigIntStats): string {
  if (status.isDirectory()) return 'is a directory';
  return status.isSymbolicLink() ? 'is a symbolic link' : 'is not a regular file';
}

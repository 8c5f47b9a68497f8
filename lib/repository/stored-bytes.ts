// Bytes in the store against what a manifest says of them.
import type { StoredObject } from '../backup/stored-part.ts';
import type { FileDigest } from '../files/digest.ts';
import type { Stored } from '../store/store.ts';
import { BadBackup } from './bad-backup.ts';
import type { RepositoryOptions } from './options.ts';

type Bytes = Pick<FileDigest, 'sizeBytes' | 'sha256'>;

/** What is wrong with bytes that were fetched and have to be those of a manifest; undefined where nothing is. */
export function alteredBytes(file: Bytes, expected: Bytes): string | undefined {
  if (file.sizeBytes !== expected.sizeBytes)
    return `it has ${file.sizeBytes} bytes, the manifest says ${expected.sizeBytes}`;
  if (file.sha256 === expected.sha256) return undefined;
  return `its bytes were altered: SHA-256 is ${file.sha256}, the manifest says ${expected.sha256}`;
}

/** Throws BadBackup, of `backup`, where the object that was fetched is not what its manifest says. */
export function requireUnaltered(backup: string, file: Bytes, object: Bytes & { name: string }): void {
  const problem = alteredBytes(file, object);
  if (problem !== undefined) throw new BadBackup(backup, `cannot use ${object.name}: ${problem}`);
}

/** Whether what the store lists is the object that was made: as the store's own hash says, else by reading it. */
export async function isAsMade(
  { store, signal, scratch: makeScratch }: RepositoryOptions,
  found: Stored,
  { sizeBytes, sha256, contentHash }: Omit<StoredObject, 'name'>,
): Promise<boolean> {
  if (found.sizeBytes !== sizeBytes) return false;
  if (found.contentHash !== undefined) return found.contentHash === contentHash;
  const scratch = await makeScratch();
  try {
    return (await store.get(found.name, scratch.file('object'), { signal })).sha256 === sha256;
  } finally {
    await scratch.remove();
  }
}

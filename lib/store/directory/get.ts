// Taking bytes out of a directory store.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { getWhole } from '../get-whole.ts';
import { requireReadable } from '../refusals.ts';
import type { GetOptions, StoreName } from '../store.ts';
import { requireObject } from './objects.ts';
import type { DirectoryAccess } from './put.ts';

/** Copies an object to `target`; see `Store.get`. */
export async function getObject(
  access: DirectoryAccess,
  name: StoreName,
  target: string,
  options: GetOptions,
): Promise<FileDigest> {
  options.signal?.throwIfAborted();
  const { sizeBytes } = await requireObject(access.root, name);
  return getWhole({ ...access, target, sizeBytes, signal: options.signal }, (temporary) =>
    copyFileDurably(join(access.root, name), temporary, options),
  );
}

/** The bytes of a small object. One of more than 1 MiB is not what it should be: OpsError `damaged`. */
export async function readObject({ root }: DirectoryAccess, name: StoreName): Promise<Uint8Array> {
  const { sizeBytes } = await requireObject(root, name);
  requireReadable(name, sizeBytes);
  await using file = await open(join(root, name), 'r');
  return await file.readFile();
}

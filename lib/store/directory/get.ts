// Taking bytes out of a directory store.
import type { FileHandle } from 'node:fs/promises';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { openRegularFile } from '../../files/hash-file.ts';
import { readSmallFile } from '../../files/read-small-file.ts';
import { getWhole } from '../get-whole.ts';
import { quoteName } from '../name.ts';
import { readBytesMax, requireReadable } from '../refusals.ts';
import type { GetOptions, StoreName } from '../store.ts';
import { requireObject } from './objects.ts';
import type { DirectoryAccess } from './access.ts';
import { inDirectoryOf } from './walk.ts';

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
    inDirectoryOf(access.root, name, (directory, last) =>
      copyFileDurably(directory.at(last), temporary, { ...options, follow: false }),
    ),
  );
}

/** Opens an object where it lies; see `Store.openInPlace`. */
export async function openInPlace({ root }: DirectoryAccess, name: StoreName): Promise<FileHandle> {
  await requireObject(root, name);
  return inDirectoryOf(root, name, (directory, last) =>
    openRegularFile(directory.at(last), { follow: false }),
  );
}

/** The bytes of a small object. One of more than 1 MiB is not what it should be: OpsError `damaged`. */
export async function readObject({ root }: DirectoryAccess, name: StoreName): Promise<Uint8Array> {
  const { sizeBytes } = await requireObject(root, name);
  requireReadable(name, sizeBytes);
  return inDirectoryOf(root, name, async (directory, last) => {
    const options = { sizeBytesMax: readBytesMax, follow: false, called: quoteName(name) };
    return (await readSmallFile(directory.at(last), options)).bytes;
  });
}

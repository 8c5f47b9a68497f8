// Taking bytes out of a directory store.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { getWhole } from '../get-whole.ts';
import { requireReadable } from '../refusals.ts';
import type { GetOptions, StoreName } from '../store.ts';
import { requireObject } from './objects.ts';
import type { Place } from './put.ts';

/** Copies an object to `target`; see `Store.get`. */
export async function getObject(
  place: Place,
  name: StoreName,
  target: string,
  options: GetOptions,
): Promise<FileDigest> {
  options.signal?.throwIfAborted();
  const { sizeBytes } = await requireObject(place.root, name);
  return getWhole({ ...place, target, sizeBytes, signal: options.signal }, (temporary) =>
    copyFileDurably(join(place.root, name), temporary, options),
  );
}

/** The bytes of a small object. One of more than 1 MiB is not what it should be: OpsError `damaged`. */
export async function readObject({ root }: Place, name: StoreName): Promise<Uint8Array> {
  const { sizeBytes } = await requireObject(root, name);
  requireReadable(name, sizeBytes);
  await using file = await open(join(root, name), 'r');
  return await file.readFile();
}

// Taking bytes out of a directory store.
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OpsError } from '../../base/errors.ts';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { identityAfterMove } from '../../files/identity.ts';
import { publishFile, requireNothingAt } from '../../files/publish-file.ts';
import { makeScratch, sweepScratch } from '../../files/scratch.ts';
import { requireSpace } from '../../files/space.ts';
import { quoteName } from '../name.ts';
import type { GetOptions, StoreName } from '../store.ts';
import { requireObject } from './objects.ts';
import type { Place } from './put.ts';

const readBytesMax = 1024 * 1024;

/** Copies an object into scratch beside `target`, and gives it that name when it is whole. */
export async function getObject(
  place: Place,
  name: StoreName,
  target: string,
  options: GetOptions,
): Promise<FileDigest> {
  options.signal?.throwIfAborted();
  const { sizeBytes } = await requireObject(place.root, name);
  await requireNothingAt(target);
  const directory = dirname(target);
  await requireSpace({ directory, neededBytes: sizeBytes, purpose: `write ${target}` });
  await sweepScratch(directory, place);
  await using scratch = await makeScratch(directory, place);
  const temporary = scratch.file('object');
  const digest = await copyFileDurably(join(place.root, name), temporary, options);
  options.signal?.throwIfAborted();
  await publishFile(temporary, target, { replace: false });
  return { ...digest, path: target, identity: await identityAfterMove(digest.identity, target) };
}

/** The bytes of a small object. One of more than 1 MiB is not what it should be: OpsError `damaged`. */
export async function readObject({ root }: Place, name: StoreName): Promise<Uint8Array> {
  const { sizeBytes } = await requireObject(root, name);
  if (sizeBytes > readBytesMax) {
    throw new OpsError(
      'damaged',
      `cannot read ${quoteName(name)}: it has ${sizeBytes} bytes, at most ${readBytesMax} are expected`,
    );
  }
  await using file = await open(join(root, name), 'r');
  return await file.readFile();
}

// A document as it lies in its directory, where anybody may have put anything of its name.
import { type BigIntStats, lstatSync } from 'node:fs';
import { systemError } from '../../../lib/base/errors.ts';
import { type HeldDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { readSmallFile } from '../../../lib/files/read-small-file.ts';

/** As much text as one string may hold. */
const documentBytesMax = 512 * 1024 * 1024;

/** Its bytes; undefined where it is not there. */
export async function readDocument(directory: HeldDirectory, name: string): Promise<Buffer | undefined> {
  const called = `${directory.path}/${name}`;
  const status = lookAt(directory, name);
  if (status === undefined) return undefined;
  const sizeBytesMax = Math.min(Number(status.size), documentBytesMax); // so much is allotted at once
  const options = { sizeBytesMax, follow: false, called };
  return (await inKnownPaths(() => readSmallFile(directory.at(name), options))).bytes;
}

/** What has its name, be it a document or not. */
export function lookAt(directory: HeldDirectory, name: string): BigIntStats | undefined {
  try {
    // Not by the pool of threads: of a thousand documents that is most of the time.
    return lstatSync(directory.at(name), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemError(`look at ${directory.path}/${name}`, error);
  }
}

/** What has a name there. */
export async function namesIn(directory: HeldDirectory): Promise<string[]> {
  try {
    return (await directory.names()).sort();
  } catch (error) {
    throw systemError(`list ${directory.path}`, error);
  }
}

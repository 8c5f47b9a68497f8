// A document as it lies in its directory, where anybody may have put anything of its name.
import { lstat } from 'node:fs/promises';
import { type HeldDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { ifThere } from '../../../lib/files/if-there.ts';
import { readSmallFile } from '../../../lib/files/read-small-file.ts';

/** As much text as one string may hold. */
const documentBytesMax = 512 * 1024 * 1024;

/** Its bytes; undefined where it is not there. */
export async function readDocument(directory: HeldDirectory, name: string): Promise<Buffer | undefined> {
  const status = await ifThere(lstat(directory.at(name)));
  if (status === undefined) return undefined;
  const sizeBytesMax = Math.min(status.size, documentBytesMax); // so much is allotted at once
  const options = { sizeBytesMax, follow: false, called: `${directory.path}/${name}` };
  return (await inKnownPaths(() => readSmallFile(directory.at(name), options))).bytes;
}

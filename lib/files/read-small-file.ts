// Reading a small file that somebody else may have put there: a pipe on which a read would hang, a device without an end
// and a file of gigabytes are errors at once.
import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { OpsError } from '../base/errors.ts';

/** What was read, and of what. */
export interface SmallFile {
  bytes: Buffer;
  /** As it was when it was opened. */
  status: BigIntStats;
}

export interface SmallFileOptions {
  sizeBytesMax: number;
  /** Whether a link as the last part of the path is followed; else it is an error (ELOOP). */
  follow: boolean;
  /** What messages call it. */
  called?: string;
}

/**
 * Reads the whole of a regular file. Rejects with the system's error where it cannot be read, so that the caller says of
 * what; throws OpsError `refused` for what is no regular file, `damaged` for one that is larger than it may be.
 */
export async function readSmallFile(
  path: string,
  { sizeBytesMax, follow, called = path }: SmallFileOptions,
): Promise<SmallFile> {
  // O_NONBLOCK: the open itself would wait for a pipe's other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
  await using file = await open(path, flags);
  const status = await file.stat({ bigint: true });
  if (!status.isFile()) throw new OpsError('refused', `cannot read ${called}: it is not a regular file`);
  // One more than may be there: the file may grow while it is read, and where it says 0 bytes (/proc) it may have some.
  const buffer = Buffer.alloc(sizeBytesMax + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > sizeBytesMax)
    throw new OpsError(
      'damaged',
      `cannot read ${called}: it is larger than the ${sizeBytesMax} bytes it may have`,
    );
  return { bytes: buffer.subarray(0, length), status };
}

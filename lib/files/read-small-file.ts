// Reading a small file that somebody else may have put there: a pipe on which a read would hang, a device without an end
// and a file of gigabytes are errors at once.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode, OpsError } from '../base/errors.ts';
import { isPathMissing } from './if-there.ts';

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
  /** Looks at the file before it is read, and throws where it is not to be. Of the one that does not wait only. */
  check?: ((status: Stats) => void) | undefined;
}

/**
 * Reads the whole of a regular file. Rejects with the system's error where it cannot be read, so that the caller says of
 * what; throws OpsError `refused` for what is no regular file, `damaged` for one that is larger than it may be.
 */
export async function readSmallFile(
  path: string,
  { sizeBytesMax, follow, called = path }: SmallFileOptions,
): Promise<SmallFile> {
  await using file = await open(path, openFlags(follow));
  const status = await file.stat({ bigint: true });
  if (!status.isFile()) throw notRegular(called, status);
  // One more than may be there: the file may grow while it is read, and where it says 0 bytes (/proc) it may have some.
  const buffer = Buffer.alloc(sizeBytesMax + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > sizeBytesMax) throw tooLarge(called, sizeBytesMax);
  return { bytes: buffer.subarray(0, length), status };
}

/** The same for who cannot wait: a configuration, and what an installer looks at. */
export function readSmallFileSync(
  path: string,
  { sizeBytesMax, follow, called = path, check }: SmallFileOptions,
): Buffer {
  const file = openSync(path, openFlags(follow));
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw notRegular(called, status);
    check?.(status);
    const buffer = Buffer.alloc(sizeBytesMax + 1);
    let length = 0;
    while (length < buffer.length) {
      const bytes = readSync(file, buffer, length, buffer.length - length, null);
      if (bytes === 0) break;
      length += bytes;
    }
    if (length > sizeBytesMax) throw tooLarge(called, sizeBytesMax);
    return buffer.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** What opening a link, a socket and a device without a driver ends with. */
const notAFile = ['ELOOP', 'ENXIO', 'ENODEV'];

/**
 * The text of a record of ours. undefined where nothing is at the path, and '' where something is that we cannot have
 * written (a link, a pipe, a device, a directory, a file larger than we make them), so that it is treated as a damaged
 * record is. Rejects with the system's error where it cannot be read.
 */
export async function readRecord(path: string, sizeBytesMax: number): Promise<string | undefined> {
  try {
    const { bytes } = await readSmallFile(path, { sizeBytesMax, follow: false });
    return bytes.toString('utf8');
  } catch (error) {
    if (isPathMissing(error)) return undefined;
    if (error instanceof OpsError || notAFile.includes(errorCode(error) ?? '')) return '';
    throw error;
  }
}

// O_NONBLOCK: the open itself would wait for a pipe's other end.
function openFlags(follow: boolean): number {
  return constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW);
}

function notRegular(called: string, status: Stats | BigIntStats): OpsError {
  const what = status.isDirectory() ? 'a directory' : 'not a regular file';
  return new OpsError('refused', `cannot read ${called}: it is ${what}`);
}

function tooLarge(called: string, sizeBytesMax: number): OpsError {
  return new OpsError(
    'damaged',
    `cannot read ${called}: it is larger than the ${sizeBytesMax} bytes it may have`,
  );
}

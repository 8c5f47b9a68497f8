// Reading one object: nothing in it is believed that its index and its frames do not prove.
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { OpsError, systemError } from '../../base/errors.ts';
import { fillBuffer } from '../../files/read-blocks.ts';
import type { Flaw } from '../../record/fields.ts';
import { freeNow } from './free-now.ts';
import { FrameFlaw, unpackPages } from './frame.ts';
import {
  findIndex,
  footerBytes,
  type FrameEntry,
  indexBytesMax,
  objectHeader,
  type ObjectIndex,
  parseIndex,
} from './object-format.ts';

/** It is open until it is disposed of. */
export interface ObjectReader extends AsyncDisposable {
  readonly index: ObjectIndex;
  /**
   * The pages of one frame, which was compressed with that dictionary. OpsError `damaged` where its bytes are not those that the
   * index names, or do not decompress to its pages.
   */
  pagesOf(frame: FrameEntry, dictionary: Buffer | undefined): Promise<Buffer>;
}

const decompress = promisify(zstdDecompress);

/**
 * Opens the clear bytes of the object that people know as `name`, at a path or in a file that is open, which it takes over. OpsError
 * `damaged` for what is no object.
 */
export async function openObject(bytes: string | FileHandle, name: string): Promise<ObjectReader> {
  const flaw: Flaw = (cause, hint) =>
    new OpsError('damaged', `cannot use ${name}: ${cause}`, hint === undefined ? {} : { hint });
  const orFailed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw systemError(`read ${name}`, error);
    }
  };
  const file =
    typeof bytes === 'string'
      ? await orFailed(() => open(bytes, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK))
      : bytes;
  const exactly = (length: number, offset: number) =>
    orFailed(async () => {
      const bytes = Buffer.allocUnsafeSlow(length);
      if ((await fillBuffer(file, bytes, offset)) < length) throw flaw('it was cut short while it was read');
      return bytes;
    });
  try {
    const index = await readIndex(await orFailed(() => sizeOf(file, flaw)), exactly, flaw);
    return {
      index,
      async pagesOf(frame, dictionary) {
        const bytes = await exactly(frame.length, frame.offset);
        const called = `its frame of group ${frame.group}`;
        if (hash('sha256', bytes, 'hex').slice(0, 32) !== frame.digest) throw flaw(`${called} was altered`);
        const sizeBytes = frame.pages * index.pageSize;
        const pages = await unpackPages(bytes, { dictionary, sizeBytes }).catch((error: unknown) => {
          throw error instanceof FrameFlaw ? flaw(`${called} ${error.message}`) : error;
        });
        freeNow(bytes);
        return pages;
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function sizeOf(file: FileHandle, flaw: Flaw): Promise<number> {
  const status = await file.stat();
  if (!status.isFile()) throw flaw('it is not a regular file');
  if (status.size < objectHeader.length + footerBytes) throw flaw('it is too short to be a file of pages');
  return status.size;
}

async function readIndex(
  sizeBytes: number,
  exactly: (length: number, offset: number) => Promise<Buffer>,
  flaw: Flaw,
): Promise<ObjectIndex> {
  const header = await exactly(objectHeader.length, 0);
  const place = findIndex(header, await exactly(footerBytes, sizeBytes - footerBytes), sizeBytes, flaw);
  const stored = await exactly(place.length, place.offset);
  if (!hash('sha256', stored, 'buffer').equals(place.sha256)) throw flaw('its index was altered');
  const text = await decompress(stored, { maxOutputLength: indexBytesMax }).catch(() => {
    throw flaw('its index cannot be decompressed');
  });
  return parseIndex(text.toString('utf8'), place.offset, flaw);
}

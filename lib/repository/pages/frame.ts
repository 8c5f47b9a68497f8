// A frame: pages of one group, compressed; with the same pages of the full as its dictionary where there is one.
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { freeNow } from './free-now.ts';
import { errorCode, OpsError } from '../../base/errors.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** No frame of ours needs a larger window, and one that asks for it gets none. */
const windowLogMax = 24;
/** How a dictionary begins that zstd trained: it would be read as one. */
const trainedMagic = 0xec30a437;

/**
 * A page is found again in the full in long pieces; looking for shorter ones finds what is alike by chance, and costs 6 % of bytes
 * and much of the time.
 */
const minMatchOfPages = 6;

/** Those pages as a dictionary: none where there are none, or where zstd would take them for something else. */
export function dictionaryOf(pages: Buffer): Buffer | undefined {
  return pages.length === 0 || pages.readUInt32LE(0) === trainedMagic ? undefined : pages;
}

/**
 * The frame of these pages. It has been decompressed again, with that dictionary, before it is returned: OpsError `damaged`
 * where that gives other bytes, which is the machine's memory.
 */
export async function packPages(
  pages: Buffer,
  { dictionary, level }: { dictionary: Buffer | undefined; level: number },
): Promise<Buffer> {
  const frame = await compress(pages, {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      ...(dictionary === undefined ? {} : { [constants.ZSTD_c_minMatch]: minMatchOfPages }),
      [constants.ZSTD_c_checksumFlag]: true,
    },
    pledgedSrcSize: pages.length,
    chunkSize: pages.length + Math.ceil(pages.length / 128) + 1024, // one call, whatever comes out
    ...(dictionary === undefined ? {} : { dictionary }),
  });
  const again = await unpackPages(frame, { dictionary, sizeBytes: pages.length }).catch(() => undefined);
  const isSame = again?.equals(pages) === true;
  if (again !== undefined) freeNow(again);
  if (isSame) return frame;
  throw new OpsError('damaged', 'cannot compress pages: what came out is not what went in', {
    hint: 'is the memory of this machine sound? memtester 100M tells',
  });
}

/**
 * The pages that the frame holds, `sizeBytes` in all. Throws FrameFlaw for anything else, and where the dictionary is not the one it
 * was made with; no more than that is ever unpacked.
 */
export async function unpackPages(
  frame: Uint8Array,
  { dictionary, sizeBytes }: { dictionary: Buffer | undefined; sizeBytes: number },
): Promise<Buffer> {
  const pages = await decompress(frame, {
    params: { [constants.ZSTD_d_windowLogMax]: windowLogMax },
    maxOutputLength: sizeBytes,
    chunkSize: sizeBytes + 1024, // a chunk that is full is followed by another one
    ...(dictionary === undefined ? {} : { dictionary }),
  }).catch((error: unknown) => {
    throw new FrameFlaw(whyNot(error), { cause: error });
  });
  if (pages.length === sizeBytes) return pages;
  throw new FrameFlaw(`holds ${pages.length} bytes, ${sizeBytes} were expected`);
}

/** What is wrong with a frame, to be said behind its name. */
export class FrameFlaw extends Error {}

function whyNot(error: unknown): string {
  const code = errorCode(error) ?? '';
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'holds more than it may';
  if (code === 'ZSTD_error_checksum_wrong') return 'is not what was compressed, or its full is another one';
  if (code === 'ZSTD_error_memory_allocation' || code === 'ERR_OUT_OF_MEMORY') throw error;
  return `cannot be decompressed (${code.replace('ZSTD_error_', '').replaceAll('_', ' ')})`;
}

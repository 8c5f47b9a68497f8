// A file of compressed blocks behind one line in the clear: read and written a block at a time, however large it is. A
// block is its length in four bytes (big-endian) and a Zstandard frame; an empty one ends the file.
import { open } from 'node:fs/promises';
import { zstdCompressSync, zstdDecompressSync, constants } from 'node:zlib';
import { errorCode, OpsError } from '../base/errors.ts';

/** Of text, before it is compressed; a line that is longer is a block of its own. */
export const blockBytes = 256 * 1024;
/** No block that is read holds more. */
const blockBytesMax = 32 * 1024 * 1024;

/** A block with its length before it. `level` from 1, quick, to 19. */
export function makeBlock(text: string, level: number): Buffer {
  const frame = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

/** Behind the last block. */
export const endOfBlocks: Buffer = Buffer.alloc(4);

/** The first line, without its newline, and where the blocks begin. Throws OpsError `damaged` where there is none within `bytesMax`. */
export async function readFirstLine(path: string, bytesMax: number): Promise<{ line: string; end: number }> {
  await using file = await open(path, 'r');
  let found = Buffer.alloc(0);
  while (found.length <= bytesMax) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, found.length);
    if (bytesRead === 0) break;
    found = Buffer.concat([found, buffer.subarray(0, bytesRead)]);
    const newline = found.indexOf(0x0a);
    if (newline >= 0 && newline <= bytesMax)
      return { line: found.toString('utf8', 0, newline), end: newline + 1 };
  }
  throw damaged('its first line does not end');
}

/** The texts of the blocks from `offset` on. Throws OpsError `damaged` for what no file of blocks is, also one that is cut short. */
export async function* readBlocks(path: string, offset: number): AsyncGenerator<string> {
  await using file = await open(path, 'r');
  const exactly = async (length: number, position: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead < length) throw damaged('it is cut short');
    return buffer;
  };
  let position = offset;
  for (;;) {
    const length = (await exactly(4, position)).readUInt32BE(0);
    position += 4;
    if (length === 0) break;
    if (length > blockBytesMax) throw damaged('a block is larger than any may be');
    yield decompress(await exactly(length, position));
    position += length;
  }
  const { size } = await file.stat();
  if (size !== position) throw damaged('something stands behind its end');
}

function decompress(frame: Buffer): string {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: blockBytesMax }).toString('utf8');
  } catch (error) {
    throw damaged(
      errorCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? 'a block holds more than any may'
        : 'a block cannot be read',
    );
  }
}

function damaged(cause: string): OpsError {
  return new OpsError('damaged', `cannot read a batch of changes: ${cause}`);
}

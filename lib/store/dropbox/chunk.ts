// A range of a local file as the body of one request, with the hash Dropbox compares it with.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { OpsError, systemError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { contentBlockBytes } from '../../files/digester.ts';
import type { SentBody } from './transport.ts';

/** Bytes `from` (included) to `to` (excluded). */
export interface Range {
  from: number;
  to: number;
}

const pieceBytes = 128 * 1024;

/** The range as a body that may be sent several times; read from the disk anew each time, and never whole. */
export function bodyOf({ path }: FileDigest, range: Range): SentBody {
  return { sizeBytes: range.to - range.from, open: () => readRange(path, range) };
}

/**
 * The content hash of a range. A range of whole blocks is hashed from the digests that are known already; any other
 * must lie within one block, and is read.
 */
export async function chunkHash(file: FileDigest, { from, to }: Range): Promise<string> {
  const hash = createHash('sha256');
  const first = Math.floor(from / contentBlockBytes);
  if (from % contentBlockBytes === 0 && (to % contentBlockBytes === 0 || to === file.sizeBytes)) {
    const digests = file.blockDigests.subarray(32 * first, 32 * Math.ceil(to / contentBlockBytes));
    return hash.update(digests).digest('hex');
  }
  const block = createHash('sha256');
  for await (const piece of readRange(file.path, { from, to })) block.update(piece);
  return hash.update(block.digest()).digest('hex');
}

/** The end of a range that begins at `from`: whole blocks where it begins at one, else the rest of its block. */
export function rangeFrom(from: number, sizeBytes: number, chunkBytes: number): Range {
  const rest = contentBlockBytes - (from % contentBlockBytes);
  return { from, to: Math.min(sizeBytes, from + (rest === contentBlockBytes ? chunkBytes : rest)) };
}

async function* readRange(path: string, { from, to }: Range): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    for (let at = from; at < to;) {
      // A new one each time: whoever sends the last one may not be done with it.
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, to - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0)
        throw new OpsError('damaged', `cannot send ${path}: it became shorter while it was sent`);
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

// What one append carries: a range of a local file with the hash that Dropbox compares it with, and how long a range.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
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

// Enough that the round trip of an append does not count, not so much that losing it hurts.
const firstBytes = 2 * contentBlockBytes;
/** Dropbox takes 150 MiB at once; the body is streamed, so this costs no memory. */
const mostBytes = 24 * contentBlockBytes;
/** With appends of this length, a round trip of 50 ms is less than a hundredth, and a lost one is no tragedy. */
const aimedMs = 8000;

/** The size of the next append, in whole blocks of the content hash. */
export interface ChunkSize {
  readonly bytes: number;
  /** Call when an append begins, and what it returns when it is done, with its bytes. */
  start(): (bytes: number) => void;
  /** After a failure: less is at stake next time. */
  shrink(): void;
}

export function createChunkSize(clock: Clock): ChunkSize {
  let bytes = firstBytes;
  return {
    get bytes() {
      return bytes;
    },
    start() {
      const startedMs = clock.monotonicMs();
      return (sentBytes) => {
        const ms = Math.max(1, clock.monotonicMs() - startedMs);
        bytes = wholeBlocks((sentBytes / ms) * aimedMs);
      };
    },
    shrink() {
      bytes = wholeBlocks(bytes / 2);
    },
  };
}

function wholeBlocks(bytes: number): number {
  const blocks = Math.floor(bytes / contentBlockBytes);
  return Math.min(mostBytes, Math.max(1, blocks) * contentBlockBytes);
}

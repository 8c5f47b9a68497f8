// Objects in pages taken apart and put together again with other words in them, every checksum right: what whoever can write the
// store can make of them.
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** `[group, length, digest, first, count, …]` */
export type RawFrame = (number | string)[];

export interface RawObject {
  index: Record<string, unknown> & { frames: RawFrame[] };
  /** The bytes of each frame. */
  frames: Buffer[];
}

export function takeApart(object: Buffer): RawObject {
  const offset = Number(object.readBigUInt64LE(object.length - 64));
  const index = JSON.parse(zstdDecompressSync(object.subarray(offset, -64)).toString()) as RawObject['index'];
  let at = 16;
  const frames = index.frames.map(([, length]) => object.subarray(at, (at += Number(length))));
  return { index, frames };
}

/** With what the index says, whatever the frames are. */
export function putTogether({ index, frames }: RawObject): Buffer {
  return withIndex(frames, Buffer.from(JSON.stringify(index)));
}

/** The same with any text as its index. */
export function withIndex(frames: readonly Buffer[], text: Buffer): Buffer {
  const stored = zstdCompressSync(text);
  const offset = frames.reduce((sum, { length }) => sum + length, 16);
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64LE(BigInt(offset), 0);
  numbers.writeBigUInt64LE(BigInt(stored.length), 8);
  const sha256 = createHash('sha256').update(stored).digest();
  const header = Buffer.from('holdfast-pages\n\x01', 'latin1');
  return Buffer.concat([header, ...frames, stored, numbers, sha256, Buffer.from('holdfast-pages-\n')]);
}

/** Another frame in the place of the one at `at`, with its length and digest in the index. */
export function exchangeFrame({ index, frames }: RawObject, at: number, frame: Buffer): RawObject {
  const digest = createHash('sha256').update(frame).digest('hex').slice(0, 32);
  const entry = index.frames.map((of, i) =>
    i === at ? [of[0] ?? 0, frame.length, digest, ...of.slice(3)] : of,
  );
  return { index: { ...index, frames: entry }, frames: frames.map((of, i) => (i === at ? frame : of)) };
}

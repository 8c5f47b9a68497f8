// Ranges of a file, and their hashes: whatever offset Dropbox names, the right bytes follow with the right hash.
// Their length: whole blocks, as much as the line takes in some seconds, and less after trouble.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestFile } from '../../../../lib/files/hash-file.ts';
import { contentBlockBytes as block } from '../../../../lib/files/digester.ts';
import { bodyOf, chunkHash, createChunkSize, rangeFrom } from '../../../../lib/store/dropbox/chunk.ts';
import { contentHashOf } from '../../../support/dropbox/content-hash.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';
import { scratch } from '../../../support/scratch.ts';
import { someBytes } from '../../../support/some-bytes.ts';

const sizes = [1, block - 1, block, block + 1, 3 * block, 3 * block + 12_345];
const odd = [0, 1, 4095, 65_536, 131_072, block - 1, block, block + 1, 2 * block, 2 * block + 7, 3 * block];

async function fileOf(bytes: Buffer) {
  const path = join(scratch(), 'file');
  writeFileSync(path, bytes);
  return digestFile(path);
}

describe('the range after an offset', () => {
  for (const size of sizes) {
    test(`of ${size} bytes: every offset leads to the end, and each range has a hash that is known`, async () => {
      const bytes = someBytes(size);
      const file = await fileOf(bytes);
      for (const chunk of [block, 2 * block, 24 * block]) {
        for (const first of odd.filter((offset) => offset < size)) {
          for (let from = first; from < size;) {
            const range = rangeFrom(from, size, chunk);
            expect(range.from).toBe(from);
            expect(range.to).toBeGreaterThan(from);
            expect(range.to).toBeLessThanOrEqual(size);
            // After an odd offset, the next one is at the start of a block again.
            expect(range.to === size || range.to % block === 0).toBe(true);
            expect(await chunkHash(file, range)).toBe(contentHashOf(bytes.subarray(from, range.to)));
            from = range.to;
          }
        }
      }
    });
  }

  test('nothing has the hash of nothing', async () => {
    const file = await fileOf(someBytes(10));
    expect(await chunkHash(file, { from: 0, to: 0 })).toBe(contentHashOf(Buffer.alloc(0)));
  });
});

describe('the body of a range', () => {
  test.each([
    [0, 1],
    [0, 300_001],
    [131_071, 131_073],
    [4_194_303, 4_194_305],
    [5_000_000, 5_000_000],
  ])('%i to %i: these bytes, and the same again when it is sent again', async (from, to) => {
    const bytes = someBytes(6_000_000);
    const body = bodyOf(await fileOf(bytes), { from, to });
    expect(body.sizeBytes).toBe(to - from);
    for (let time = 0; time < 2; time += 1) {
      const pieces: Uint8Array[] = [];
      for await (const piece of body.open()) pieces.push(piece);
      expect(Buffer.concat(pieces).equals(bytes.subarray(from, to))).toBe(true);
    }
  });

  test('of a file that became shorter is an error, not fewer bytes', async () => {
    const file = await fileOf(someBytes(1000));
    writeFileSync(file.path, someBytes(600));
    const read = async () => {
      for await (const piece of bodyOf(file, { from: 0, to: 1000 }).open()) void piece;
    };
    await expect(read()).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(/shorter/),
    });
  });
});

describe('the length of an append', () => {
  const mostBytes = 24 * block;

  test.each([
    ['a slow line', 100_000, block],
    ['a middling line', 2_000_000, 3 * block],
    ['a fast line', 5_000_000, 9 * block],
    ['a very fast line', 500_000_000, mostBytes],
  ])('%s: %i bytes per second give %i bytes', (_, bytesPerSecond, expected) => {
    const clock = fixedClock();
    const size = createChunkSize(clock);
    expect(size.bytes).toBe(2 * block);
    const done = size.start();
    clock.advance((size.bytes / bytesPerSecond) * 1000);
    done(size.bytes);
    expect(size.bytes).toBe(expected);
  });

  test('an append that took no time at all is no division by nothing', () => {
    const size = createChunkSize(fixedClock());
    size.start()(size.bytes);
    expect(size.bytes).toBe(mostBytes);
  });

  test('after each failure it is half as much, and never less than a block', () => {
    const size = createChunkSize(fixedClock());
    size.start()(size.bytes);
    const seen = [1, 2, 3, 4, 5, 6].map(() => {
      size.shrink();
      return size.bytes / block;
    });
    expect(seen).toEqual([12, 6, 3, 1, 1, 1]);
  });

  test('no append is larger than Dropbox takes', () => {
    expect(mostBytes).toBeLessThanOrEqual(150 * 1024 * 1024);
  });
});

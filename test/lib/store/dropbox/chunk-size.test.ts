// The size of appends: whole blocks, as much as the line takes in some seconds, and less after trouble.
import { expect, test } from 'vitest';
import { contentBlockBytes as block } from '../../../../lib/files/digester.ts';
import { createChunkSize } from '../../../../lib/store/dropbox/chunk-size.ts';
import { fixedClock } from '../../../support/fixed-clock.ts';

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

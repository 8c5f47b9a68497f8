// The limit on bytes per second: kept over any while longer than a moment, by all requests together.
import { expect, test } from 'vitest';
import { createPace } from '../../../lib/base/pace.ts';
import { fixedClock } from '../../support/fixed-clock.ts';

const { signal } = new AbortController();
const piece = 128 * 1024;

function paceOf(bytesPerSecond: number | undefined) {
  const clock = fixedClock();
  const waits: number[] = [];
  const pace = createPace(bytesPerSecond, clock, async (ms) => {
    waits.push(ms);
    clock.advance(ms);
  });
  return { pace, clock, waits };
}

test('without a limit nothing waits', async () => {
  const { pace, waits } = paceOf(undefined);
  for (let i = 0; i < 100; i += 1) await pace(piece, signal);
  expect(waits).toEqual([]);
});

test('100 pieces take as long as the limit says', async () => {
  const { pace, clock } = paceOf(1_000_000);
  for (let i = 0; i < 100; i += 1) await pace(piece, signal);
  const ms = ((100 * piece) / 1_000_000) * 1000;
  expect(clock.monotonicMs()).toBeGreaterThan(ms - 201);
  expect(clock.monotonicMs()).toBeLessThanOrEqual(ms + 1);
});

test('a pause is not made up for, but for a moment', async () => {
  const { pace, clock } = paceOf(1_000_000);
  await pace(piece, signal);
  clock.advance(3_600_000);
  const began = clock.monotonicMs();
  for (let i = 0; i < 10; i += 1) await pace(piece, signal);
  expect(clock.monotonicMs() - began).toBeGreaterThan(((10 * piece) / 1_000_000) * 1000 - 201);
});

test('two at a time share it', async () => {
  const { pace, clock } = paceOf(1_000_000);
  const send = async () => {
    for (let i = 0; i < 20; i += 1) await pace(piece, signal);
  };
  await Promise.all([send(), send()]);
  expect(clock.monotonicMs()).toBeGreaterThan(((40 * piece) / 1_000_000) * 1000 - 201);
});

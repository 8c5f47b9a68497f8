import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pauseMs } from '../../../lib/delta/backoff.ts';

test.each([
  ['the first', { failures: 1, random: 1 }, 2000],
  ['the third', { failures: 3, random: 1 }, 8000],
  ['the hundredth', { failures: 100, random: 1 }, 300_000],
  ['of good luck', { failures: 100, random: 0 }, 0],
  ['that the receiver asked for', { failures: 100, random: 0.5, askedMs: 600_000, everyMs: 60_000 }, 600_000],
])('a pause: %s', (_, failed, ms) => {
  expect(pauseMs(failed)).toBe(ms);
});

test('where nobody was reached the next cycle is never passed over, however long it has been so', () => {
  const failures = fc.integer({ min: 1, max: 1e6 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(failures, random, fc.integer({ min: 1000, max: 1e6 }), (count, chance, everyMs) => {
      const pause = pauseMs({ failures: count, random: chance, everyMs });
      expect(pause).toBeLessThanOrEqual(everyMs / 2 + 1);
      expect(pause).toBeLessThanOrEqual(300_000);
    }),
  );
});

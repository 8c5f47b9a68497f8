// The life of backups in pages: hundreds of runs of machines whose clocks jump, on stores that are set back, pruned and
// damaged. Whatever is listed as sound rebuilds to what was backed up, and nothing that was kept is lost to a later run.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Life } from './series-life.ts';

const steps = fc.oneof(
  ...[
    { weight: 30, kind: 'run', also: fc.nat({ max: 4 }) },
    { weight: 8, kind: 'prune', also: fc.nat({ max: 3 }) },
    { weight: 2, kind: 'clock', also: fc.integer({ min: -90_000, max: 90_000 }) },
    { weight: 2, kind: 'clock is right', also: fc.constant(0) },
    { weight: 2, kind: 'suspect', also: fc.constant(0) },
    { weight: 2, kind: 'most pages change', also: fc.constant(0) },
    { weight: 1, kind: 'store set back', also: fc.nat({ max: 8 }) },
    { weight: 1, kind: 'machine set back', also: fc.nat({ max: 8 }) },
    { weight: 1, kind: 'removed by hand', also: fc.nat({ max: 30 }) },
    { weight: 1, kind: 'other machine', also: fc.nat({ max: 1 }) },
    { weight: 1, kind: 'other machine at once', also: fc.constant(0) },
    { weight: 1, kind: 'digests lost', also: fc.constant(0) },
  ].map(({ weight, kind, also }) => ({ weight, arbitrary: fc.tuple(fc.constant(kind), also) })),
);

test('whatever happens, what is sound rebuilds, and what was kept stays so', () => {
  let [increments, removed] = [0, 0];
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2, 3),
      fc.array(steps, { minLength: 60, maxLength: 60 }),
      (levels, happenings) => {
        const life = new Life(levels);
        for (const happening of happenings) {
          life.step(happening);
          life.requireSound();
          life.requireOneWriter();
        }
        increments += life.increments;
        removed += life.removed;
      },
    ),
    { seed: 16, numRuns: 12 },
  );
  expect(increments).toBeGreaterThan(150);
  expect(removed).toBeGreaterThan(50);
});

// Phases of days: a step moves those that are furthest behind by one, and no other.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { afterLook, formatParity, type Parity, parityDays, parseParity } from '../../../lib/export/parity.ts';
import {
  asConfigured,
  formatPhases,
  movePhase,
  parsePhases,
  phases,
  type PhaseStep,
  type Stretches,
  stretchOf,
} from '../../../lib/export/phases.ts';

const days = Array.from({ length: 9 }, (_, index) => `2026-11-0${index + 1}`);
const since = new Date('2026-11-20T02:05:13Z');
const step = fc.record({
  from: fc.option(fc.constantFrom(...days), { nil: undefined }),
  by: fc.constantFrom<1 | -1>(1, -1),
});
const flaw = (cause: string) => new OpsError('damaged', cause);
const phaseOf = (stretches: Stretches, day: string) => stretchOf(stretches, day).phase;

function take(before: Stretches, given: Pick<PhaseStep, 'from' | 'by'>): Stretches {
  return movePhase(before, { ...given, since, reason: 'why' })?.stretches ?? before;
}

test('a step moves the days that are furthest behind, or on the way back furthest on, by one phase', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), step, (earlier, { from, by }) => {
      const before = earlier.reduce(take, asConfigured('json'));
      const meant = days.filter((day) => from === undefined || day >= from);
      const ranks = ['2000-01-01', ...days, '2099-01-01']
        .filter((day) => from === undefined || day >= from)
        .map((day) => phases.indexOf(phaseOf(before, day)));
      const rank = by === 1 ? Math.min(...ranks) : Math.max(...ranks);
      const move = movePhase(before, { from, by, since, reason: undefined });
      expect(move === undefined).toBe(phases[rank + by] === undefined);
      for (const day of days) {
        const was = phases.indexOf(phaseOf(before, day));
        const isMoved = meant.includes(day) && was === rank;
        if (move === undefined) continue;
        expect(move.moves(day)).toBe(isMoved);
        expect(phases.indexOf(phaseOf(move.stretches, day))).toBe(isMoved ? was + by : was);
      }
    }),
  );
});

test('phases are read back as they were written', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
      const stretches = steps.reduce(take, asConfigured('both'));
      expect(parsePhases(formatPhases(stretches), flaw)).toEqual(stretches);
    }),
  );
});

test.each([
  '{}',
  '{"format":"holdfast-phases","version":2,"stretches":[{"phase":"json"}]}',
  '{"format":"holdfast-phases","version":1,"stretches":[]}',
  '{"format":"holdfast-phases","version":1,"stretches":[{"phase":"json","from":"2026-11-01"}]}',
  '{"format":"holdfast-phases","version":1,"stretches":[{"phase":"json"},{"phase":"both"}]}',
  '{"format":"holdfast-phases","version":1,"stretches":[{"phase":"json"},{"phase":"both","from":"x"}]}',
  '{"format":"holdfast-phases","version":1,"stretches":[{"phase":"other"}]}',
  '{"format":"holdfast-phases","version":1,"stretches":[{"phase":"json"},{"phase":"both","from":"2026-11-02"},{"phase":"both","from":"2026-11-01"}]}',
])('%s is no record of phases', (text) => {
  expect(() => parsePhases(text, flaw)).toThrow();
});

describe('parity', () => {
  const at = (day: number, hour = 2) => new Date(Date.UTC(2026, 10, day, hour));
  const seen = (...looks: [number, boolean][]) =>
    looks.reduce<Parity | undefined>(
      (parity, [day, isSame]) => afterLook(parity, isSame, at(day)),
      undefined,
    );

  test.each<[string, [number, boolean][], Date, number]>([
    ['nobody has looked', [], at(1), 0],
    ['one look', [[1, true]], at(1), 0],
    [
      'three nights',
      [
        [1, true],
        [2, true],
        [3, true],
      ],
      at(3),
      2,
    ],
    [
      'a difference in between',
      [
        [1, true],
        [2, false],
        [3, true],
        [4, true],
      ],
      at(4),
      1,
    ],
    [
      'a difference now',
      [
        [1, true],
        [2, false],
      ],
      at(2),
      0,
    ],
    [
      'a gap of three days',
      [
        [1, true],
        [4, true],
        [5, true],
      ],
      at(5),
      1,
    ],
    [
      'nobody has looked since',
      [
        [1, true],
        [2, true],
        [3, true],
      ],
      at(9),
      0,
    ],
    [
      'a clock that was ahead',
      [
        [9, true],
        [2, true],
        [3, true],
      ],
      at(3),
      1,
    ],
  ])('%s', (_, looks, now, expected) => {
    expect(parityDays(seen(...looks), now)).toBe(expected);
  });

  test('is read back as it was written', () => {
    const parity = { since: at(1), seen: at(3) };
    expect(parseParity(formatParity(parity), flaw)).toEqual(parity);
    expect(() => parseParity('{}', flaw)).toThrow();
  });
});

// From one answer to the next: what counts, when it is an alarm, and when that is over.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../lib/base/verdict.ts';
import { afterReading, alertName, type CheckState, isAlarm, isDue } from '../../../lib/health/reading.ts';
import { isCheckName } from '../../../lib/incident/check.ts';

const minute = 60_000;
const begin = Date.parse('2026-11-28T02:00:00Z');
const patience = { failures: 2, recoveries: 1 };

/** The states after these answers, five minutes apart. A hidden one is in small letters. */
function after(
  answers: readonly (Verdict | 'hidden')[],
  rules = patience,
  ownPatience?: number,
): CheckState[] {
  const states: CheckState[] = [];
  answers.forEach((answer, index) => {
    const reading = {
      ...{ check: 'disk-space', subject: '/srv', unit: '%' as const, message: answer },
      verdict: answer === 'hidden' ? ('critical' as const) : answer,
      hiddenBy: answer === 'hidden' ? 'read-only of /' : undefined,
      ...(ownPatience === undefined ? {} : { patience: ownPatience }),
    };
    states.push(afterReading(states.at(-1), reading, rules, new Date(begin + index * 5 * minute)));
  });
  return states;
}

const alarms = (states: readonly CheckState[]) => states.map(isAlarm);

describe('an alarm', () => {
  test.each<[string, (Verdict | 'hidden')[], boolean[]]>([
    ['one blip is none', ['ok', 'critical', 'ok'], [false, false, false]],
    ['twice in a row is one', ['ok', 'warning', 'warning'], [false, false, true]],
    ['bad and worse count together', ['warning', 'critical'], [false, true]],
    ['what cannot be found out counts', ['unknown', 'unknown'], [false, true]],
    ['unknown does not end it', ['warning', 'warning', 'unknown'], [false, true, true]],
    ['one good answer ends it', ['warning', 'warning', 'ok'], [false, true, false]],
    ['what is explained is not told', ['hidden', 'hidden', 'hidden'], [false, false, false]],
    ['and does not count', ['hidden', 'hidden', 'critical'], [false, false, false]],
    [
      'an alarm that is explained is silent until that ends',
      ['critical', 'critical', 'hidden', 'critical'],
      [false, true, false, true],
    ],
  ])('%s', (_, answers, expected) => expect(alarms(after(answers))).toEqual(expected));

  test('waits as long as the answer itself asks for', () => {
    expect(alarms(after(['warning', 'warning', 'warning'], patience, 3))).toEqual([false, false, true]);
  });

  test('is over after as many good answers as were asked for', () => {
    const rules = { failures: 1, recoveries: 3 };
    expect(alarms(after(['warning', 'ok', 'ok', 'ok'], rules))).toEqual([true, true, true, false]);
  });

  test('is there exactly from the n-th bad answer in a row to the m-th good one, whatever comes', () => {
    const answer = fc.constantFrom<Verdict>('ok', 'warning', 'critical', 'unknown');
    fc.assert(
      fc.property(
        fc.array(answer),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (answers, failures, recoveries) => {
          let [bad, good, is] = [0, 0, false];
          const expected = answers.map((verdict) => {
            [bad, good] = verdict === 'ok' ? [0, good + 1] : [bad + 1, 0];
            if (bad >= failures) is = true;
            if (good >= recoveries) is = false;
            return is;
          });
          expect(alarms(after(answers, { failures, recoveries }))).toEqual(expected);
        },
      ),
    );
  });
});

test('since when it is so is since when the verdict is that one', () => {
  const times = after(['ok', 'warning', 'warning', 'critical', 'critical']).map(
    ({ since }) => (since.getTime() - begin) / minute,
  );
  expect(times).toEqual([0, 5, 5, 15, 15]);
});

describe('it is asked again', () => {
  const rules = { everyMs: 60 * minute, failures: 2 };
  const at = (minutes: number) => new Date(begin + minutes * minute);
  const [ok] = after(['ok']);
  const [once, twice] = after(['warning', 'warning']);
  test.each([
    ['never asked', undefined, 0, true],
    ['well, and not its time', ok, 59, false],
    ['well, and its time', ok, 60, true],
    ['bad for the first time: at once, to be sure', once, 5, true],
    ['known to be bad, and asked rarely', twice, 6, false],
    ['a clock that was ahead', ok, -10, true],
  ])('%s', (_, state, minutes, expected) => expect(isDue(state, rules, at(minutes))).toBe(expected));
});

test('every subject has a name that alerts can have, and no two have one', () => {
  const subjects = fc.uniqueArray(
    fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom('/', '/srv', 'srv', '-srv', 'machine', 'ä', '')),
    { minLength: 2, maxLength: 20 },
  );
  fc.assert(
    fc.property(subjects, (all) => {
      const names = all.map((subject) => alertName({ check: 'disk-space', subject }));
      expect(names.filter((name) => !isCheckName(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }),
  );
  expect(alertName({ check: 'backup-age', subject: 'ctv' })).toBe('health:backup-age@ctv');
  // It never changes, or what is known of it would be of another.
  expect(alertName({ check: 'mounts', subject: '/mnt/Zürich' })).toBe('health:mounts@mnt-Z-rich-f38d7030');
});

// For each day whether it left a proven backup.
import { describe, expect, test } from 'vitest';
import { daysOf } from '../../../lib/report/days.ts';
import type { BackupFacts, RunFacts } from '../../../lib/report/facts.ts';

const run = (startedAt: string, isDone: boolean): RunFacts => ({
  startedAt: new Date(startedAt),
  endedAt: undefined,
  isShared: false,
  sentBytes: undefined,
  message: undefined,
  isDone,
});
const backup = (takenAt: string, isSound = true): BackupFacts => ({
  takenAt: new Date(takenAt),
  ...{ sizeBytes: 1, storedBytes: 1, level: undefined },
  isSound,
});

const week = (runs: RunFacts[], backups: BackupFacts[], timeZone = 'UTC') =>
  Object.fromEntries(
    daysOf(
      { runs, backups },
      { since: new Date('2026-11-20T12:00:00Z'), at: new Date('2026-11-24T12:00:00Z'), timeZone },
    ).map(({ date, state }) => [date.slice(8), state]),
  );

describe('a day', () => {
  test('before the first trace of the app is none, and today is not over', () => {
    expect(week([], [backup('2026-11-21T02:00:00Z')])).toEqual({
      '20': undefined,
      '21': 'good',
      '22': 'missing',
      '23': 'missing',
      '24': undefined,
    });
  });

  test('without a new backup is as good where the run found nothing to do', () => {
    expect(week([run('2026-11-21T02:00:00Z', true)], [])['21']).toBe('good');
  });

  test('on which something was made up for is good, in whatever order', () => {
    expect(week([run('2026-11-21T02:00:00Z', false)], [backup('2026-11-21T09:00:00Z')])['21']).toBe('good');
    expect(week([], [backup('2026-11-21T02:00:00Z'), backup('2026-11-21T03:00:00Z', false)])['21']).toBe(
      'good',
    );
    expect(week([run('2026-11-21T02:00:00Z', false)], [backup('2026-11-21T02:00:01Z', false)])['21']).toBe(
      'odd',
    );
  });

  test('is one of the zone, also where clocks are changed', () => {
    expect(week([], [backup('2026-11-21T23:30:00Z')], 'Europe/Berlin')).toMatchObject({
      '21': undefined,
      '22': 'good',
    });
    const spring = { since: new Date('2026-03-27T12:00:00Z'), at: new Date('2026-03-31T12:00:00Z') };
    const days = daysOf({ runs: [], backups: [] }, { ...spring, timeZone: 'Europe/Berlin' });
    expect(days.map(({ date }) => date.slice(8))).toEqual(['27', '28', '29', '30', '31']);
    expect(days.map(({ weekday }) => weekday)).toEqual([4, 5, 6, 0, 1]);
  });
});

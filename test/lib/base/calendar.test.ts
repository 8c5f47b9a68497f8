// Local time against what the clocks of real zones did.
import { describe, expect, test } from 'vitest';
import { instantFromLocal, isCalendarTime, localDateParts } from '../../../lib/base/calendar.ts';
import type { LocalTime } from '../../../lib/base/calendar.ts';

function local(text: string): LocalTime {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[-T:]/).map(Number);
  return { year, month, day, hour, minute, second };
}

describe('a clock on the wall', () => {
  test.each([
    ['2026-07-01T12:00:00Z', 'Europe/Berlin', '2026-07-01T14:00:00'],
    ['2026-12-31T23:30:00Z', 'Europe/Berlin', '2027-01-01T00:30:00'],
    ['2026-11-20T00:00:00Z', 'UTC', '2026-11-20T00:00:00'],
    ['2026-11-20T10:30:00Z', 'Pacific/Kiritimati', '2026-11-21T00:30:00'],
    ['2026-11-20T10:30:00Z', 'Pacific/Pago_Pago', '2026-11-19T23:30:00'],
    ['2026-11-20T00:00:00Z', 'Asia/Kathmandu', '2026-11-20T05:45:00'],
    ['2028-02-29T23:59:59.999Z', 'UTC', '2028-02-29T23:59:59'],
    ['1969-12-31T23:59:59.500Z', 'UTC', '1969-12-31T23:59:59'],
    ['1890-01-01T00:00:00Z', 'Europe/Berlin', '1890-01-01T00:53:28'],
  ])('at %s in %s shows %s', (instant, timeZone, expected) => {
    expect(localDateParts(new Date(instant), timeZone)).toEqual(local(expected));
  });
});

describe('the instant of a local time', () => {
  test.each([
    ['in winter', '2026-01-15T03:05:13', 'Europe/Berlin', '2026-01-15T02:05:13Z'],
    ['in summer', '2026-07-15T03:05:13', 'Europe/Berlin', '2026-07-15T01:05:13Z'],
    ['on New Year’s morning', '2027-01-01T00:30:00', 'Europe/Berlin', '2026-12-31T23:30:00Z'],
    ['at +14', '2026-11-21T00:30:00', 'Pacific/Kiritimati', '2026-11-20T10:30:00Z'],
    ['just before clocks are set forward', '2026-03-29T01:59:59', 'Europe/Berlin', '2026-03-29T00:59:59Z'],
    ['that is skipped, first second', '2026-03-29T02:00:00', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['that is skipped, in the middle', '2026-03-29T02:30:00', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['that is skipped, last second', '2026-03-29T02:59:59', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['just after clocks were set forward', '2026-03-29T03:00:00', 'Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['just before the doubled hour', '2026-10-25T01:59:59', 'Europe/Berlin', '2026-10-24T23:59:59Z'],
    ['that comes twice, first second', '2026-10-25T02:00:00', 'Europe/Berlin', '2026-10-25T01:00:00Z'],
    ['that comes twice, last second', '2026-10-25T02:59:59', 'Europe/Berlin', '2026-10-25T01:59:59Z'],
    ['just after the doubled hour', '2026-10-25T03:00:00', 'Europe/Berlin', '2026-10-25T02:00:00Z'],
    ['that is skipped in New York', '2026-03-08T02:15:00', 'America/New_York', '2026-03-08T07:00:00Z'],
    ['that comes twice in New York', '2026-11-01T01:30:00', 'America/New_York', '2026-11-01T06:30:00Z'],
    ['skipped by half an hour only', '2026-10-04T02:10:00', 'Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['doubled by half an hour only', '2026-04-05T01:45:00', 'Australia/Lord_Howe', '2026-04-04T15:15:00Z'],
    ['on a midnight that is skipped', '2018-11-04T00:00:00', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['before a midnight that comes late', '2018-02-17T23:30:00', 'America/Sao_Paulo', '2018-02-18T02:30:00Z'],
    ['on a day that a country left out', '2011-12-30T12:00:00', 'Pacific/Apia', '2011-12-30T10:00:00Z'],
    ['of a machine without a clock', '1970-01-01T00:00:13', 'UTC', '1970-01-01T00:00:13Z'],
  ])('%s: %s in %s is %s', (_, text, timeZone, expected) => {
    expect(instantFromLocal(local(text), timeZone)).toEqual(new Date(expected));
  });

  // The two seasons in which these zones change their clocks in 2026, in steps shorter than the shortest change.
  const seasons = [
    [Date.UTC(2026, 2, 1), Date.UTC(2026, 3, 10)],
    [Date.UTC(2026, 8, 20), Date.UTC(2026, 10, 5)],
  ] as const;

  test.each([
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Chatham',
  ])(
    'is the one shown, all through the seasons of change in %s, or shows the same an hour or less later',
    (timeZone) => {
      for (const [fromMs, untilMs] of seasons) {
        for (let ms = fromMs; ms < untilMs; ms += 29 * 60_000) {
          const parts = localDateParts(new Date(ms), timeZone);
          const back = instantFromLocal(parts, timeZone);
          if (back.getTime() === ms) continue;
          expect(back.getTime() - ms).toBeGreaterThan(0);
          expect(back.getTime() - ms).toBeLessThanOrEqual(3_600_000);
          expect(localDateParts(back, timeZone)).toEqual(parts);
        }
      }
    },
  );
});

describe('a calendar', () => {
  test.each([
    ['2026-11-20T00:00:00', true],
    ['2028-02-29T23:59:59', true],
    ['2026-02-29T00:00:00', false],
    ['2100-02-29T00:00:00', false],
    ['2000-02-29T00:00:00', true],
    ['2026-04-31T00:00:00', false],
    ['2026-13-01T00:00:00', false],
    ['2026-00-10T00:00:00', false],
    ['2026-01-00T00:00:00', false],
    ['2026-01-01T24:00:00', false],
    ['2026-01-01T00:60:00', false],
    ['2026-06-30T23:59:60', false],
    ['0050-01-01T00:00:00', false],
  ])('has %s: %s', (text, expected) => {
    expect(isCalendarTime(local(text))).toBe(expected);
  });
});

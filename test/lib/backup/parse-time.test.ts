// Times as people type them.
import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatInstant, formatWallTime } from '../../../lib/base/format.ts';
import { parseTime } from '../../../lib/backup/parse-time.ts';

/** After all that is typed here. */
const later = new Date('2030-01-01');

describe('a time', () => {
  test.each([
    ['2026-11-20T02:05:13Z', 'Europe/Berlin', '2026-11-20T02:05:13.000Z'],
    ['2026-11-20T02:05:13.250Z', 'Europe/Berlin', '2026-11-20T02:05:13.250Z'],
    ['2026-11-20T02:05:13.5Z', 'Europe/Berlin', '2026-11-20T02:05:13.500Z'],
    ['2026-11-20 02:05:13Z', 'Europe/Berlin', '2026-11-20T02:05:13.000Z'],
    ['2026-11-20T02:05Z', 'Europe/Berlin', '2026-11-20T02:05:00.000Z'],
    ['2026-11-20T02:05:13+05:45', 'Europe/Berlin', '2026-11-19T20:20:13.000Z'],
    ['2026-11-20T02:05:13-0330', 'Europe/Berlin', '2026-11-20T05:35:13.000Z'],
    ['2026-11-20T00:00:00+14:00', 'UTC', '2026-11-19T10:00:00.000Z'],
    ['2026-11-20 02:05', 'Europe/Berlin', '2026-11-20T01:05:00.000Z'],
    ['2026-11-20T02:05', 'Europe/Berlin', '2026-11-20T01:05:00.000Z'],
    ['2026-07-20 02:05:13', 'Europe/Berlin', '2026-07-20T00:05:13.000Z'],
    [' 2026-07-20 02:05:13 ', 'America/New_York', '2026-07-20T06:05:13.000Z'],
    ['2026-10-25 02:30', 'Europe/Berlin', '2026-10-25T01:30:00.000Z'],
    ['2026-03-29 02:30', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-11-20', 'UTC', '2026-11-20T23:59:59.999Z'],
    ['2026-11-20', 'Europe/Berlin', '2026-11-20T22:59:59.999Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T22:59:59.999Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-29T21:59:59.999Z'],
    ['2026-11-20', 'Pacific/Kiritimati', '2026-11-20T09:59:59.999Z'],
    ['2028-02-29', 'UTC', '2028-02-29T23:59:59.999Z'],
    // Clocks were set back at midnight: the day ends when 23:59:59 is over for the second time.
    ['2018-02-17', 'America/Sao_Paulo', '2018-02-18T02:59:59.999Z'],
  ])('%j in %s is %s', (text, timeZone, expected) => {
    expect(parseTime(text, { timeZone, now: later }).instant.toISOString()).toBe(expected);
  });

  test.each([
    ['', 'it is not a date'],
    ['yesterday', 'it is not a date'],
    ['3 fortnights ago', 'it is not a date'],
    ['23:60', 'there is no such date'],
    ['yesterday 24:00', 'there is no such date'],
    ['20261120', 'it is not a date'],
    ['20.11.2026', 'it is not a date'],
    ['11/20/2026', 'it is not a date'],
    ['2026-11', 'it is not a date'],
    ['2026-11-20 2:05', 'it is not a date'],
    ['2026-11-20T02', 'it is not a date'],
    ['2026-11-20T02:05:13  +01:00', 'it is not a date'],
    ['2026-11-20T02:05:13 Europe/Berlin', 'it is not a date'],
    ['2026-11-20Z', 'it is not a date'],
    ['2026-11-20\n2026-11-21', 'it is not a date'],
    ['2026-02-30', 'there is no such date'],
    ['2026-13-01 00:00', 'there is no such date'],
    ['2026-11-20 25:00', 'there is no such date'],
    ['2026-11-20T24:00:00Z', 'there is no such date'],
    ['2026-11-20T02:60', 'there is no such date'],
    ['2026-11-20T02:05+15:00', 'there is no such offset'],
    ['2026-11-20T02:05+01:75', 'there is no such offset'],
  ])('%j is refused with examples', (text, cause) => {
    expect.assertions(3);
    try {
      parseTime(text, { timeZone: 'Europe/Berlin', now: later });
    } catch (error) {
      expect(error).toBeInstanceOf(OpsError);
      expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining(cause) as string });
      expect((error as OpsError).hint).toContain('2026-11-20T02:05:13Z');
    }
  });
});

const berlin = 'Europe/Berlin';
/** 14:05 in Berlin. */
const now = new Date('2026-11-20T13:05:13Z');

test.each([
  ['3 days ago', '2026-11-17T13:05:13.000Z', '2026-11-17 14:05:13 +01:00'],
  ['3d ago', '2026-11-17T13:05:13.000Z', '2026-11-17 14:05:13 +01:00'],
  ['1 hour ago', '2026-11-20T12:05:13.000Z', '2026-11-20 13:05:13 +01:00'],
  ['90 min ago', '2026-11-20T11:35:13.000Z', '2026-11-20 12:35:13 +01:00'],
  ['2 weeks ago', '2026-11-06T13:05:13.000Z', '2026-11-06 14:05:13 +01:00'],
  ['23:00', '2026-11-19T22:00:00.000Z', '2026-11-19 23:00:00 +01:00'],
  ['14:05', '2026-11-20T13:05:00.000Z', '2026-11-20 14:05:00 +01:00'],
  ['14:06', '2026-11-19T13:06:00.000Z', '2026-11-19 14:06:00 +01:00'],
  ['yesterday 23:00', '2026-11-19T22:00:00.000Z', '2026-11-19 23:00:00 +01:00'],
  ['today 02:05', '2026-11-20T01:05:00.000Z', '2026-11-20 02:05:00 +01:00'],
  ['2026-11-20', now.toISOString(), '2026-11-20 14:05:13 +01:00, the day so far'],
  ['2026-11-19', '2026-11-19T22:59:59.999Z', '2026-11-19 23:59:59 +01:00, the end of that day'],
  ['20261120T020513Z', '2026-11-20T02:05:13.000Z', '2026-11-20 03:05:13 +01:00'],
  [
    '2026-10-25 02:30',
    '2026-10-25T01:30:00.000Z',
    '2026-10-25 02:30:00 +01:00, the later of two, for the clocks were set back',
  ],
  ['2026-10-25 02:30 +02:00', '2026-10-25T00:30:00.000Z', '2026-10-25 02:30:00 +02:00'],
  ['2026-10-25 01:30', '2026-10-24T23:30:00.000Z', '2026-10-25 01:30:00 +02:00'],
  ['2026-10-25 03:30', '2026-10-25T02:30:00.000Z', '2026-10-25 03:30:00 +01:00'],
  [
    '2026-03-29 02:30',
    '2026-03-29T01:00:00.000Z',
    '2026-03-29 03:00:00 +02:00, the first after the clocks were set forward',
  ],
])('at 14:05 in Berlin %j is %s, and said to be %s', (text, instant, said) => {
  const read = parseTime(text, { timeZone: berlin, now });
  expect([read.instant.toISOString(), read.said]).toEqual([instant, said]);
});

test.each([
  ['2026-11-20 14:06', '2026-11-20 14:06:00 +01:00 is in 47 s'],
  ['2026-11-21', '2026-11-21 23:59:59 +01:00'],
  ['2026-11-20T13:05:14Z', 'is in 1.0 s'],
  ['today 23:00', '2026-11-20 23:00:00 +01:00'],
  ['2027-01-01', 'is in'],
])('at 14:05 in Berlin %j is refused: it is yet to come', (text, cause) => {
  expect(() => parseTime(text, { timeZone: berlin, now })).toThrow(
    expect.objectContaining({ kind: 'usage', message: expect.stringContaining(cause) as string }) as Error,
  );
});

test('what lists and plans print is read as the instant it was printed for', () => {
  const anyTime = fc.date({ min: new Date('1990-01-01'), max: new Date('2029-12-31'), noInvalidDate: true });
  const zones = fc.constantFrom(
    'UTC',
    berlin,
    'America/St_Johns',
    'Pacific/Kiritimati',
    'Australia/Lord_Howe',
  );
  fc.assert(
    fc.property(anyTime, zones, (instant, timeZone) => {
      const second = Math.floor(instant.getTime() / 1000) * 1000;
      const printed = parseTime(formatInstant(instant, timeZone), { timeZone: 'Asia/Kathmandu', now: later });
      expect(printed.instant.getTime()).toBe(second);
      // Without its offset a time that comes twice is the later one, and says so.
      const listed = parseTime(formatWallTime(instant, timeZone), { timeZone, now: later });
      if (listed.instant.getTime() !== second) expect(listed.said).toContain('the later of two');
    }),
  );
});

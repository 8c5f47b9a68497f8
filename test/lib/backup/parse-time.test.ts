// Times as people type them.
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { parseTime } from '../../../lib/backup/parse-time.ts';

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
    expect(parseTime(text, timeZone).toISOString()).toBe(expected);
  });

  test.each([
    ['', 'it is not a date'],
    ['yesterday', 'it is not a date'],
    ['20261120', 'it is not a date'],
    ['20.11.2026', 'it is not a date'],
    ['11/20/2026', 'it is not a date'],
    ['2026-11', 'it is not a date'],
    ['2026-11-20 2:05', 'it is not a date'],
    ['2026-11-20T02', 'it is not a date'],
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
      parseTime(text, 'Europe/Berlin');
    } catch (error) {
      expect(error).toBeInstanceOf(OpsError);
      expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining(cause) as string });
      expect((error as OpsError).hint).toContain('2026-11-20T02:05:13Z');
    }
  });
});

// The calendar periods of instants, at the edges where they go wrong.
import { describe, expect, test } from 'vitest';
import { periodsOf } from '../../../lib/backup/period.ts';

describe('an instant', () => {
  test.each([
    ['2026-11-20T02:05:13Z', 'UTC', '2026-11-20', '2026-W47', '2026-11'],
    // Week 53 exists in years that begin on a Thursday, and the days after it belong to it.
    ['2026-12-31T12:00:00Z', 'UTC', '2026-12-31', '2026-W53', '2026-12'],
    ['2027-01-03T23:59:59Z', 'UTC', '2027-01-03', '2026-W53', '2027-01'],
    ['2027-01-04T00:00:00Z', 'UTC', '2027-01-04', '2027-W01', '2027-01'],
    // The last days of December may belong to week 1.
    ['2024-12-30T00:00:00Z', 'UTC', '2024-12-30', '2025-W01', '2024-12'],
    ['2024-12-29T23:59:59Z', 'UTC', '2024-12-29', '2024-W52', '2024-12'],
    ['2023-01-01T12:00:00Z', 'UTC', '2023-01-01', '2022-W52', '2023-01'],
    // The leap day.
    ['2028-02-29T12:00:00Z', 'UTC', '2028-02-29', '2028-W09', '2028-02'],
    // Sunday turns into Monday at local midnight, on days of 23 and 25 hours too.
    ['2026-03-29T21:59:59Z', 'Europe/Berlin', '2026-03-29', '2026-W13', '2026-03'],
    ['2026-03-29T22:00:00Z', 'Europe/Berlin', '2026-03-30', '2026-W14', '2026-03'],
    ['2026-10-24T22:00:00Z', 'Europe/Berlin', '2026-10-25', '2026-W43', '2026-10'],
    ['2026-10-25T22:59:59Z', 'Europe/Berlin', '2026-10-25', '2026-W43', '2026-10'],
    ['2026-10-25T23:00:00Z', 'Europe/Berlin', '2026-10-26', '2026-W44', '2026-10'],
    ['2026-11-02T04:59:59Z', 'America/New_York', '2026-11-01', '2026-W44', '2026-11'],
    ['2026-11-02T05:00:00Z', 'America/New_York', '2026-11-02', '2026-W45', '2026-11'],
    // A whole day ahead of UTC, nearly.
    ['2026-12-31T10:00:00Z', 'Pacific/Kiritimati', '2027-01-01', '2026-W53', '2027-01'],
    ['2026-12-31T09:59:59Z', 'Pacific/Kiritimati', '2026-12-31', '2026-W53', '2026-12'],
    ['1970-01-01T00:00:00Z', 'UTC', '1970-01-01', '1970-W01', '1970-01'],
  ])('%s in %s falls on %s, %s, %s', (instant, timeZone, daily, weekly, monthly) => {
    expect(periodsOf(new Date(instant), timeZone)).toMatchObject({ daily, weekly, monthly });
  });

  test.each([
    ['2026-11-20T02:59:59Z', 'UTC', '2026-11-20T02'],
    ['2026-11-20T02:00:00Z', 'Asia/Kolkata', '2026-11-20T07'],
    ['2026-11-19T23:30:00Z', 'Europe/Berlin', '2026-11-20T00'],
    // No hour is called 02 on the one day, and two are on the other.
    ['2026-03-29T00:59:59Z', 'Europe/Berlin', '2026-03-29T01'],
    ['2026-03-29T01:00:00Z', 'Europe/Berlin', '2026-03-29T03'],
    ['2026-10-24T23:59:59Z', 'Europe/Berlin', '2026-10-25T01'],
    ['2026-10-25T00:00:00Z', 'Europe/Berlin', '2026-10-25T02 (first)'],
    ['2026-10-25T01:00:00Z', 'Europe/Berlin', '2026-10-25T02'],
    ['2026-10-25T02:00:00Z', 'Europe/Berlin', '2026-10-25T03'],
  ])('%s in %s falls on the hour %s', (instant, timeZone, hourly) => {
    expect(periodsOf(new Date(instant), timeZone).hourly).toBe(hourly);
  });
});

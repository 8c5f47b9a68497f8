// The hour, calendar day, ISO week and month an instant falls in, as a clock on the wall of a time zone has them.
import { localDateParts } from '../base/calendar.ts';

/**
 * Labels that are equal exactly when the period is: `2026-11-20T02`, `2026-11-20`, `2026-W47` (weeks begin on Monday), `2026-11`.
 * The first of two hours that a clock shows when it is set back is `2026-10-25T02 (first)`.
 */
export interface Periods {
  hourly: string;
  daily: string;
  weekly: string;
  monthly: string;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The periods that `instant` falls in. Days of 23 and 25 hours count as one day each. */
export function periodsOf(instant: Date, timeZone: string): Periods {
  const { year, month, day, hour } = localDateParts(instant, timeZone);
  const monthly = `${String(year).padStart(4, '0')}-${twoDigits(month)}`;
  const daily = `${monthly}-${twoDigits(day)}`;
  return {
    // Asked for by few, and costs as much again.
    get hourly() {
      const isFirst = localDateParts(new Date(instant.getTime() + hourMs), timeZone).hour === hour;
      return `${daily}T${twoDigits(hour)}${isFirst ? ' (first)' : ''}`;
    },
    daily,
    weekly: isoWeek(year, month, day),
    monthly,
  };
}

/** An ISO week belongs to the year its Thursday is in; week 1 is the one with that year's first Thursday. */
function isoWeek(year: number, month: number, day: number): string {
  const midnight = Date.UTC(year, month - 1, day);
  const daysSinceMonday = (new Date(midnight).getUTCDay() + 6) % 7;
  const thursday = midnight + (3 - daysSinceMonday) * dayMs;
  const weekYear = new Date(thursday).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(weekYear, 0, 1)) / (7 * dayMs)) + 1;
  return `${String(weekYear).padStart(4, '0')}-W${twoDigits(week)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

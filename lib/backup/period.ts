// The calendar day, ISO week and month an instant falls in, as a clock on the wall of a time zone has them.
import { localDateParts } from '../base/calendar.ts';

/** Labels that are equal exactly when the period is: `2026-11-20`, `2026-W47` (weeks begin on Monday), `2026-11`. */
export interface Periods {
  daily: string;
  weekly: string;
  monthly: string;
}

const dayMs = 86_400_000;

/** The periods that `instant` falls in. Days of 23 and 25 hours count as one day each. */
export function periodsOf(instant: Date, timeZone: string): Periods {
  const { year, month, day } = localDateParts(instant, timeZone);
  const monthly = `${String(year).padStart(4, '0')}-${twoDigits(month)}`;
  return { daily: `${monthly}-${twoDigits(day)}`, weekly: isoWeek(year, month, day), monthly };
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

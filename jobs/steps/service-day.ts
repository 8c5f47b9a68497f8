// A service day as people type it.
import { OpsError } from '../../lib/base/errors.ts';
import { dayOfCell } from '../../lib/delta/day.ts';

/** The day as it is stored. Throws OpsError `usage` for one that the calendar has not. */
export function requireDay(typed: string): string {
  const day = dayOfCell(typed);
  if (day !== undefined) return day;
  throw new OpsError('usage', `cannot tell which day ${JSON.stringify(typed)} is`, {
    hint: 'write it as year, month and day: 2026-11-27',
  });
}

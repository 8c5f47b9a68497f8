// Reads a point in time as a person types it, for --at.
import { OpsError } from '../base/errors.ts';
import { type LocalTime, instantFromLocal, isCalendarTime } from '../base/calendar.ts';

const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(Z|([+-])(\d\d):?(\d\d))?)?$/;
const minuteMs = 60_000;
const lastMs = 999;

/**
 * The instant that `text` names. A date and time (`2026-11-20 02:05`, with or without seconds, with `T` or a space)
 * is UTC or at an offset when it says so, as listings and manifests do, and local time in `timeZone` otherwise. A
 * date alone is the end of that local day. A local time that comes twice is the later one, one that is skipped is
 * the first instant after the gap. Throws OpsError `usage` for anything else, also for a date that does not exist.
 */
export function parseTime(text: string, timeZone: string): Date {
  const match = timePattern.exec(text.trim());
  if (match === null) throw notATime(text, 'it is not a date, or a date and a time');
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const dateOnly = hour === undefined;
  const parts: LocalTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: dateOnly ? 23 : Number(hour),
    minute: dateOnly ? 59 : Number(minute),
    second: dateOnly ? 59 : Number(second ?? 0),
  };
  if (!isCalendarTime(parts)) throw notATime(text, 'there is no such date or time of day');
  const fractionMs = dateOnly ? lastMs : Number((fraction ?? '').padEnd(3, '0'));
  const offset = zone === undefined ? undefined : offsetMinutes(zone);
  if (zone !== undefined && offset === undefined) throw notATime(text, 'there is no such offset from UTC');
  const instant = instantFromLocal(parts, offset === undefined ? timeZone : 'UTC');
  return new Date(instant.getTime() + fractionMs - (offset ?? 0) * minuteMs);
}

/** Minutes ahead of UTC for `Z`, `+01:00` or `-0330`; undefined for an offset that no place on earth has. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

function notATime(text: string, cause: string): OpsError {
  const shown = JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 79)}…`);
  return new OpsError('usage', `cannot use ${shown} as a time: ${cause}`, {
    hint: 'write 2026-11-20 (the end of that day), "2026-11-20 02:05" (local time) or 2026-11-20T02:05:13Z',
  });
}

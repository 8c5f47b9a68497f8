// Reads a point in time as a person types it, for --at, and says how it was understood.
import { OpsError } from '../base/errors.ts';
import { type LocalTime, instantFromLocal, isCalendarTime, localDateParts } from '../base/calendar.ts';
import { formatDuration, formatInstant } from '../base/format.ts';

/** A time that was read. */
export interface ReadTime {
  instant: Date;
  /** In the zone that times are shown in, with what had to be decided: `2026-10-25 02:30:00 +01:00, the later of two`. */
  said: string;
}

export interface TimeReading {
  /** The zone that times without one are of. */
  timeZone: string;
  now: Date;
}

const datePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?(?: ?(Z|([+-])(\d\d):?(\d\d)))?)?$/;
const stampPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const clockPattern = /^(?:(today|yesterday) )?(\d\d):(\d\d)(?::(\d\d))?$/;
const agoPattern = /^(\d{1,5}) ?(min|minutes?|h|hours?|d|days?|weeks?) ago$/;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const lastMs = 999;
const unitMs: Record<string, number> = { m: minuteMs, h: 60 * minuteMs, d: dayMs, w: 7 * dayMs };

/**
 * The instant that `text` names, never in the future. A date and time (`2026-11-20 02:05`, with or without seconds, with `T`
 * or a space) is UTC or at an offset when it says so, as listings and manifests do, and local time in `timeZone` otherwise; so
 * is the stamp in a backup's name. A date alone is the end of that local day, or now while it lasts. `23:00` is the last
 * one that there was, `yesterday 23:00` what it says, `3 days ago` that long before now. A local time that comes twice is the
 * later one, one that is skipped is the first instant after the gap; both are said. Throws OpsError `usage` for anything
 * else, also for a date that does not exist.
 */
export function parseTime(text: string, reading: TimeReading): ReadTime {
  const { timeZone, now } = reading;
  const typed = text.trim();
  const read = readAgo(typed, now) ?? readClock(typed, reading) ?? readDate(typed, reading);
  if (read === undefined) throw notATime(text, 'it is not a date, or a date and a time');
  const { instant, note } = read;
  const said = `${formatInstant(instant, timeZone)}${note === undefined ? '' : `, ${note}`}`;
  if (instant.getTime() <= now.getTime()) return { instant, said };
  const ahead = formatDuration(instant.getTime() - now.getTime());
  throw new OpsError('usage', `cannot use ${shown(text)} as a time: ${said} is in ${ahead}`, {
    hint: `now it is ${formatInstant(now, timeZone)}; the newest backup is "latest"`,
  });
}

interface Read {
  instant: Date;
  note?: string | undefined;
}

function readAgo(typed: string, now: Date): Read | undefined {
  const [, count, unit = ''] = agoPattern.exec(typed) ?? [];
  if (count === undefined) return undefined;
  return { instant: new Date(now.getTime() - Number(count) * (unitMs[unit.charAt(0)] ?? 0)) };
}

/** A time of day: of the day that is named, else the last that there was. */
function readClock(typed: string, { timeZone, now }: TimeReading): Read | undefined {
  const [, day, hour, minute, second = '0'] = clockPattern.exec(typed) ?? [];
  if (hour === undefined) return undefined;
  const at = (daysBack: number) => {
    const { year, month, day: date } = localDateParts(now, timeZone);
    const before = new Date(Date.UTC(year, month - 1, date - daysBack));
    const parts: LocalTime = {
      year: before.getUTCFullYear(),
      month: before.getUTCMonth() + 1,
      day: before.getUTCDate(),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
    };
    if (!isCalendarTime(parts)) throw notATime(typed, 'there is no such date or time of day');
    return readLocal(parts, timeZone);
  };
  if (day !== undefined) return at(day === 'today' ? 0 : 1);
  const today = at(0);
  return today.instant.getTime() <= now.getTime() ? today : at(1);
}

function readDate(typed: string, { timeZone, now }: TimeReading): Read | undefined {
  const stamp = stampPattern.exec(typed);
  const match = stamp === null ? datePattern.exec(typed) : [...stamp, undefined, 'Z'];
  if (match === null) return undefined;
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
  if (!isCalendarTime(parts)) throw notATime(typed, 'there is no such date or time of day');
  const fractionMs = dateOnly ? lastMs : Number((fraction ?? '').padEnd(3, '0'));
  const offset = zone === undefined ? undefined : offsetMinutes(zone);
  if (zone !== undefined && offset === undefined) throw notATime(typed, 'there is no such offset from UTC');
  const { instant, note } = offset === undefined ? readLocal(parts, timeZone) : { instant: asUtc(parts) };
  const read = new Date(instant.getTime() + fractionMs - (offset ?? 0) * minuteMs);
  if (!dateOnly) return { instant: read, note };
  // While the day lasts, its end is now.
  const isToday =
    read > now && asUtc(localDateParts(now, timeZone)).getTime() + dayMs > asUtc(parts).getTime();
  return isToday ? { instant: now, note: 'the day so far' } : { instant: read, note: 'the end of that day' };
}

/** A time on the clocks of the zone, and what had to be decided where they are set in that hour. */
function readLocal(parts: LocalTime, timeZone: string): Read {
  const instant = instantFromLocal(parts, timeZone);
  if (asUtc(localDateParts(instant, timeZone)).getTime() !== asUtc(parts).getTime())
    return { instant, note: 'the first after the clocks were set forward' };
  return comesTwice(instant, timeZone)
    ? { instant, note: 'the later of two, for the clocks were set back' }
    : { instant };
}

/** Whether clocks in the zone showed the same before. No zone is set back by more than a day. */
function comesTwice(instant: Date, timeZone: string): boolean {
  const offsetMs = (at: Date) =>
    asUtc(localDateParts(at, timeZone)).getTime() - Math.floor(at.getTime() / 1000) * 1000;
  const earlier = offsetMs(new Date(instant.getTime() - dayMs)) - offsetMs(instant);
  if (earlier <= 0) return false;
  const twin = new Date(instant.getTime() - earlier);
  return offsetMs(twin) - offsetMs(instant) === earlier;
}

function asUtc({ year, month, day, hour, minute, second }: LocalTime): Date {
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
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
  return new OpsError('usage', `cannot use ${shown(text)} as a time: ${cause}`, {
    hint:
      'write "2026-11-20 02:05" (local time), 2026-11-20T02:05:13Z, 2026-11-20 (the end of that day), 23:00, ' +
      '"yesterday 23:00" or "3 days ago"',
  });
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 80 ? text : `${text.slice(0, 79)}…`);
}

// Calendar time in an IANA time zone, through Intl.DateTimeFormat alone: the zone data is the one Node brings, and
// neither the process's own zone nor the machine's matters.

/** A calendar date and time as a clock on the wall shows it; month and day count from 1. */
export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const secondMs = 1000;
const dayMs = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** What a clock in `timeZone` shows at `instant`, to the second (fractions are dropped). */
export function localDateParts(instant: Date, timeZone: string): LocalTime {
  const parts: LocalTime = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of formatter(timeZone).formatToParts(instant)) {
    if (type in parts) parts[type as keyof LocalTime] = Number(value);
  }
  return parts;
}

/**
 * The instant at which a clock in `timeZone` shows `parts`, which must be a date and time that a calendar has
 * (see `isCalendarTime`). A time that comes twice, because clocks are set back, is the later of the two; a time
 * that never comes, because clocks are set forward, is the first instant after the gap.
 */
export function instantFromLocal(parts: LocalTime, timeZone: string): Date {
  const wallMs = asUtcMs(parts);
  // No offset exceeds a day, so these two lie on either side of the answer, and of a clock change close to it.
  const before = wallMs - offsetMs(wallMs - dayMs, timeZone);
  const after = wallMs - offsetMs(wallMs + dayMs, timeZone);
  const candidates = [Math.max(before, after), Math.min(before, after)];
  const found = candidates.find((ms) => ms + offsetMs(ms, timeZone) === wallMs);
  return new Date(found ?? endOfGapMs(after, before, timeZone));
}

/** Whether there is such a date and such a time of day: not month 13, not 30 February, not hour 24. */
export function isCalendarTime(parts: LocalTime): boolean {
  const utc = new Date(asUtcMs(parts));
  return (
    utc.getUTCFullYear() === parts.year &&
    utc.getUTCMonth() + 1 === parts.month &&
    utc.getUTCDate() === parts.day &&
    utc.getUTCHours() === parts.hour &&
    utc.getUTCMinutes() === parts.minute &&
    utc.getUTCSeconds() === parts.second
  );
}

/** Bisects to the first whole second with the offset of `lateMs`; the clock is set forward between the two. */
function endOfGapMs(earlyMs: number, lateMs: number, timeZone: string): number {
  const lateOffset = offsetMs(lateMs, timeZone);
  let early = earlyMs / secondMs;
  let late = lateMs / secondMs;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offsetMs(middle * secondMs, timeZone) === lateOffset) late = middle;
    else early = middle;
  }
  return late * secondMs;
}

/** How far the zone is ahead of UTC at a whole second. */
function offsetMs(instantMs: number, timeZone: string): number {
  return asUtcMs(localDateParts(new Date(instantMs), timeZone)) - instantMs;
}

function asUtcMs({ year, month, day, hour, minute, second }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  formatters.set(timeZone, made);
  return made;
}

// The hours in which warnings wait, by the clock on the wall of a time zone.
import type { QuietHours } from './policy.ts';

/** Whether `now` lies in the quiet hours. The first minute is quiet, the last one is not; they may cross midnight. */
export function isQuiet(quiet: QuietHours | undefined, now: number): boolean {
  if (quiet === undefined) return false;
  const { fromMinute, toMinute } = quiet;
  const minute = minuteOfDay(now, quiet.timeZone);
  return fromMinute <= toMinute
    ? fromMinute <= minute && minute < toMinute
    : fromMinute <= minute || minute < toMinute;
}

/** When the quiet hours in which `now` lies end: `07:00`, by the clock on the wall of their zone. */
export function quietUntil(quiet: QuietHours | undefined, now: number): string | undefined {
  if (quiet === undefined || !isQuiet(quiet, now)) return undefined;
  const twoDigits = (number: number) => String(number).padStart(2, '0');
  return `${twoDigits(Math.floor(quiet.toMinute / 60))}:${twoDigits(quiet.toMinute % 60)}`;
}

/** `22:00-07:00` as minutes; undefined for anything else, and where both ends are the same. */
export function parseQuietHours(text: string): { fromMinute: number; toMinute: number } | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d) ?- ?([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (found === null) return undefined;
  const [fromHour = 0, from = 0, toHour = 0, to = 0] = found.slice(1).map(Number);
  const parsed = { fromMinute: fromHour * 60 + from, toMinute: toHour * 60 + to };
  return parsed.fromMinute === parsed.toMinute ? undefined : parsed;
}

function minuteOfDay(now: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]));
  return (parts.get('hour') ?? 0) * 60 + (parts.get('minute') ?? 0);
}

// When a full that can wait is sent: a part of the week, as clocks on the wall have it.
import { instantFromLocal, localDateParts } from '../base/calendar.ts';
import type { FullWindow } from './pages-policy.ts';

const dayMs = 86_400_000;
const daysMax = 7;

/**
 * Until when the window is open; undefined where it is not open at `now`. One that passes midnight is that of the day on which
 * it began. To ask whether a full that has begun goes on, ask for a window of every day: `weekday: undefined`.
 */
export function inFullWindow(
  { weekday, startMinutes, lengthMs }: FullWindow,
  now: Date,
  timeZone: string,
): { until: Date } | undefined {
  const today = localDateParts(now, timeZone);
  for (let daysAgo = 0; daysAgo <= Math.min(Math.ceil(lengthMs / dayMs), daysMax); daysAgo += 1) {
    const date = new Date(Date.UTC(today.year, today.month - 1, today.day - daysAgo));
    if (weekday !== undefined && date.getUTCDay() !== weekday) continue;
    const time = { hour: Math.floor(startMinutes / 60), minute: startMinutes % 60, second: 0 };
    const begins = instantFromLocal(
      { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(), ...time },
      timeZone,
    );
    const until = new Date(begins.getTime() + lengthMs);
    if (begins <= now && now < until) return { until };
  }
  return undefined;
}

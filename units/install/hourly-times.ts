// The times of an hourly timer, as systemd reads them: the same every day, and as far apart over midnight.
import { lines } from './drop-in-lines.ts';

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
/** Before the hour, so that it is over when the nightly jobs begin after it. */
const lastMinute = 57;
const delayMinutesMax = 5;

/** The settings of the timer of an app that is backed up every `everyMs`, a whole part of a day. */
export function hourlyTimerText(app: string, everyMs: number): string {
  const delaySeconds = Math.round(Math.min(delayMinutesMax * minuteMs, everyMs / 10) / 1000);
  return lines([
    `# Written by npm run units -- install --app ${app}, out of every in the configuration.`,
    '[Timer]',
    'OnCalendar=',
    ...calendars(everyMs / minuteMs).map((calendar) => `OnCalendar=${calendar}`),
    `RandomizedDelaySec=${delaySeconds}s`,
  ]);
}

/** A line for each minute of an hour at which there is a run, with the hours that have it; minutes of the same hours together. */
function calendars(everyMinutes: number): string[] {
  const hoursOf = new Map<number, number[]>();
  for (let at = lastMinute % everyMinutes; at < dayMinutes; at += everyMinutes) {
    const minute = at % 60;
    hoursOf.set(minute, [...(hoursOf.get(minute) ?? []), Math.floor(at / 60)]);
  }
  const minutesOf = new Map<string, number[]>();
  for (const [minute, hours] of hoursOf) {
    const shown = hours.length === 24 ? '*' : listed(hours);
    minutesOf.set(shown, [...(minutesOf.get(shown) ?? []), minute]);
  }
  return [...minutesOf].map(([hours, minutes]) => `*-*-* ${hours}:${listed(minutes)}:00 UTC`);
}

function listed(numbers: readonly number[]): string {
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => String(number).padStart(2, '0'))
    .join(',');
}

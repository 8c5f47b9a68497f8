// Times and states as the report writes them.
import { formatDuration, formatWallTime } from '../base/format.ts';
import type { Verdict } from '../base/verdict.ts';

/** To the minute, in the zone that the report names at its head: `2026-11-27 02:05`. */
export function minuteOf(instant: Date, timeZone: string): string {
  return formatWallTime(instant, timeZone).slice(0, 16);
}

export function dateOf(instant: Date, timeZone: string): string {
  return formatWallTime(instant, timeZone).slice(0, 10);
}

/** `22 h 5 min ago`; `in 2 h` for what lies ahead. */
export function ago(instant: Date, now: Date): string {
  const ms = now.getTime() - instant.getTime();
  if (Math.abs(ms) < 1000) return 'now';
  return ms > 0 ? `${formatDuration(ms)} ago` : `in ${formatDuration(-ms)}`;
}

/** As people are shown it; beside a colour, never by that alone. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  ok: 'OK',
  warning: 'WARNING',
  critical: 'CRITICAL',
  unknown: 'UNKNOWN',
};

/** `1 critical, 2 warnings`; nothing for none. */
export function verdictCounts(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter((each) => each === verdict).length;
  const [critical, warnings, unknown] = [count('critical'), count('warning'), count('unknown')];
  return [
    ...(critical > 0 ? [`${critical} critical`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
  ].join(', ');
}

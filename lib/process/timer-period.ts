// How often a systemd timer starts its unit, as the installed timer itself says: no second schedule is kept anywhere.
import type { CommandRunner } from '../base/command.ts';
import { OpsError } from '../base/errors.ts';

const timeoutMs = 5000;
/** So many of its next times are looked at: the longest pause between them counts. */
const iterations = 15;

/**
 * The longest pause between two starts of a timer, in milliseconds; undefined where there is no such timer, no systemd, or
 * no answer. Throws the signal's reason when that aborts.
 */
export async function timerPeriodMs(
  run: CommandRunner,
  timer: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const { stdout } = await run(
      'systemctl',
      ['show', timer, '--property=LoadState,ActiveState,TimersCalendar,TimersMonotonic'],
      { timeoutMs, signal },
    );
    if (!/^LoadState=loaded$/m.test(stdout) || !/^ActiveState=active$/m.test(stdout)) return undefined;
    const calendars = [...stdout.matchAll(/OnCalendar=(.*?) ;/g)].map(([, calendar = '']) => calendar);
    if (calendars.length === 0) return monotonicMs(stdout);
    const pauses = await Promise.all(calendars.map((calendar) => longestPauseMs(run, calendar, signal)));
    const known = pauses.filter((pause) => pause !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

async function longestPauseMs(
  run: CommandRunner,
  calendar: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const args = [
    'calendar',
    `--iterations=${iterations}`,
    '--base-time=2024-01-01 00:00:00 UTC',
    '--',
    calendar,
  ];
  const { stdout } = await run('systemd-analyze', args, { timeoutMs, signal });
  const times = [...stdout.matchAll(/(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC/g)]
    .map(([, time = '']) => Date.parse(`${time.replace(' ', 'T')}Z`))
    .sort((a, b) => a - b);
  const unique = [...new Set(times)];
  const pauses = unique.slice(1).map((time, index) => time - (unique[index] ?? time));
  return pauses.length === 0 ? undefined : Math.max(...pauses);
}

/** Of a timer that counts from the end of the last run. */
function monotonicMs(stdout: string): number | undefined {
  const found = /OnUnit(?:Active|Inactive)USec=(.*?) ;/.exec(stdout)?.[1] ?? '';
  const units: Record<string, number> = {
    us: 0.001,
    ms: 1,
    s: 1000,
    min: 60_000,
    h: 3_600_000,
    d: 86_400_000,
    w: 604_800_000,
  };
  const ms = [...found.matchAll(/([\d.]+)(us|ms|s|min|h|d|w)\b/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
  return ms > 0 ? ms : undefined;
}

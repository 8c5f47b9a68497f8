// Measures when timers started their units, when they should have, and what keeps them from it: by what the installed ones say.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { TimerFacts } from '../health/timers.ts';
import { askSystemd, parseElapse, parseSpanMs, type UnitProperties } from '../process/unit-properties.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { isStill, standingBy } from './standing-by.ts';
import { askUnits, isSystemdThere, ownUnits } from './systemd.ts';

const timerProperties = [
  ...[
    'Unit',
    'TimersCalendar',
    'TimersMonotonic',
    'NextElapseUSecRealtime',
    'NextElapseUSecMonotonic',
    'LastTriggerUSec',
  ],
  ...['AccuracyUSec', 'RandomizedDelayUSec', 'RandomizedOffsetUSec', 'ActiveEnterTimestamp'],
];

export const timersProbe: Probe<TimerFacts> = {
  async subjects(context) {
    const { root, config } = context;
    if (!(await isSystemdThere(root))) return [];
    const standing = await standingBy(context);
    const named = config.health.units.names.filter((name) => name.endsWith('.timer'));
    const own = (await ownUnits(root)).timers.filter((name) => !isStill(name, standing));
    return [...new Set([...own, ...named])];
  },
  async measure(context, subject) {
    const usual = subject.replace(/\.timer$/, '.service');
    const [timer, usualService] = await askUnits(context, [subject, usual], timerProperties);
    if (timer === undefined) throw new Error(`nothing was said of ${subject}`);
    const { properties } = timer;
    const target = properties.text('Unit');
    const service =
      target === usual ? usualService : target === '' ? undefined : (await askUnits(context, [target]))[0];
    const since = properties.time('ActiveEnterTimestamp');
    const times = await timesOf(context, properties);
    const clock = context.config.clock === 'trusted' ? 'trusted' : await context.clockState();
    return {
      // Its own state changes with each run of its unit: since when it is there at all is what counts.
      timer: { ...timer.unit, since: timer.unit.active === 'active' ? since : timer.unit.since },
      service: service?.unit,
      ...times,
      isClockTrusted: clock !== 'unsynchronised',
    };
  },
};

type Times = Pick<TimerFacts, 'lastAt' | 'nextAt' | 'dueAt' | 'allowanceMs' | 'repeats'>;

async function timesOf(context: ProbeContext, properties: UnitProperties): Promise<Times> {
  const { time, spanMs, all, text } = properties;
  const lastAt = time('LastTriggerUSec');
  const calendars = all('TimersCalendar').flatMap((line) => /OnCalendar=(.*?) ;/.exec(line)?.[1] ?? []);
  const counted = await countedTo(context, text('NextElapseUSecMonotonic'));
  const nextAt = earliest([time('NextElapseUSecRealtime'), counted]);
  // What it started last is done with; a time of the future was written by a clock that was ahead.
  const now = context.clock.now();
  const since = [lastAt, time('ActiveEnterTimestamp')].find((from) => from !== undefined && from <= now);
  const isOn = text('ActiveState') === 'active';
  return {
    lastAt,
    nextAt,
    dueAt: isOn ? earliest([...(await elapses(context, calendars, since)), counted]) : undefined,
    allowanceMs: ['AccuracyUSec', 'RandomizedDelayUSec', 'RandomizedOffsetUSec'].reduce(
      (sum, name) => sum + (spanMs(name) ?? 0),
      0,
    ),
    repeats:
      calendars.length > 0 ||
      all('TimersMonotonic').some((line) => /OnUnit(Active|Inactive)USec=/.test(line)),
  };
}

/** When each calendar has its first time after an instant; in the zone of the machine, as systemd reads it. */
async function elapses(
  { run, signal }: ProbeContext,
  calendars: readonly string[],
  since: Date | undefined,
): Promise<(Date | undefined)[]> {
  if (since === undefined) return [];
  const args = (calendar: string) => [
    'calendar',
    `--base-time=@${Math.floor(since.getTime() / 1000)}`,
    '--',
    calendar,
  ];
  return Promise.all(
    calendars.map(async (calendar) => {
      try {
        return parseElapse(await askSystemd(run, 'systemd-analyze', args(calendar), signal));
      } catch (error) {
        if (error instanceof OpsError) return undefined; // then what the timer says of its next time has to do
        throw error;
      }
    }),
  );
}

/** The time of day of a count since the machine started; undefined where there is none. */
async function countedTo({ root, clock }: ProbeContext, text: string): Promise<Date | undefined> {
  const ms = parseSpanMs(text);
  if (ms === undefined || ms === 0) return undefined;
  const upMs = Number.parseFloat(await readFile(join(root, 'proc/uptime'), 'utf8').catch(() => '')) * 1000;
  return Number.isNaN(upMs) ? undefined : new Date(clock.now().getTime() - upMs + ms);
}

function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  return times.filter((time) => time !== undefined).sort((a, b) => a.getTime() - b.getTime())[0];
}

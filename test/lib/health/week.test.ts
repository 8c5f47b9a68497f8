// A normal week: nightly backups that load the machine, a reboot every other day after which little is ready, a network that
// is away an hour a day. Each check is asked every five minutes with what it would see, and nobody is told anything.
import { expect, test } from 'vitest';
import { alertDeliveryCheck } from '../../../lib/health/alert-delivery.ts';
import { backupAgeCheck } from '../../../lib/health/backup-age.ts';
import { backupDrillCheck } from '../../../lib/health/backup-drill.ts';
import { type Check, type Sample, settled } from '../../../lib/health/check.ts';
import { clockCheck } from '../../../lib/health/clock.ts';
import { diskSpaceCheck } from '../../../lib/health/disk-space.ts';
import { documentsCheck } from '../../../lib/health/documents.ts';
import { httpCheck } from '../../../lib/health/http.ts';
import { loadCheck } from '../../../lib/health/load.ts';
import { memoryCheck } from '../../../lib/health/memory.ts';
import { afterReading, type CheckState, isAlarm } from '../../../lib/health/reading.ts';
import { storeCheck } from '../../../lib/health/store.ts';
import { temperatureCheck } from '../../../lib/health/temperature.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const begin = Date.parse('2026-11-23T00:00:00Z');
const everyMs = 5 * minute;

/** What is so at an instant. */
interface Moment {
  at: Date;
  /** Since the backup of the night began, which takes twenty minutes. */
  sinceNightMs: number;
  /** Since the machine started. */
  upMs: number;
  /** Since the network went away; undefined where it is there. */
  offlineMs: number | undefined;
}

function momentAt(ms: number): Moment {
  const ofDay = ms % day;
  const sinceNightMs = (ms + day - 2 * hour) % day;
  const sinceNoon = ofDay - 12 * hour;
  // At 05:00 of every other day.
  const upMs = (ms + 2 * day - 5 * hour) % (2 * day);
  return {
    at: new Date(begin + ms),
    sinceNightMs,
    upMs,
    offlineMs: sinceNoon >= 0 && sinceNoon < hour ? sinceNoon : undefined,
  };
}

const isBackingUp = ({ sinceNightMs }: Moment) => sinceNightMs < 20 * minute;
const isStarting = ({ upMs }: Moment) => upMs < 4 * minute;
const before = ({ at }: Moment, ms: number) => new Date(at.getTime() - ms);

function scene<Facts>(
  check: Check<Facts>,
  facts: (moment: Moment) => Facts,
): [string, Check<unknown>, (moment: Moment) => unknown] {
  return [check.name, check as Check<unknown>, facts];
}

const scenes = [
  scene(clockCheck, (now) => ({
    state: now.upMs < 3 * minute ? ('unsynchronised' as const) : ('synchronised' as const),
    upMs: now.upMs,
    behindMs: 0,
  })),
  scene(storeCheck, (now) =>
    now.offlineMs === undefined
      ? { description: 'Dropbox', freeBytes: 50e9, totalBytes: 100e9, neededBytes: 3e9, skewMs: 800 }
      : { problem: { kind: 'unavailable' as const, message: 'no answer', hint: undefined }, isRemote: true },
  ),
  scene(backupAgeCheck, (now) => ({
    newest: { name: 'b.db', at: before(now, isBackingUp(now) ? day : now.sinceNightMs) },
    ...{ from: 'the store' as const, expectedMs: 36 * hour, criticalMs: 7 * day, expectedBy: 'the timer' },
  })),
  scene(backupDrillCheck, (now) => ({
    last: { name: 'b.db', at: before(now, 6 * day), outcome: 'passed' as const, detail: '' },
    ...{ backupsSince: undefined, expectedMs: 40 * day, isSealed: false },
  })),
  scene(documentsCheck, (now) => ({
    ...{
      lastGoodAt: before(now, isBackingUp(now) ? day : now.sinceNightMs),
      lastOutcome: 'done',
      sameSince: undefined,
    },
    queue:
      now.offlineMs === undefined
        ? { count: 0, since: undefined, ageMaxMs: 2 * day }
        : { count: 3, since: before(now, now.offlineMs), ageMaxMs: 2 * day },
  })),
  scene(alertDeliveryCheck, (now) => ({
    ...{
      waiting: now.offlineMs === undefined ? 0 : 4,
      oldestAt: now.offlineMs === undefined ? undefined : before(now, now.offlineMs),
      dead: 0,
    },
    failing:
      now.offlineMs === undefined
        ? []
        : [{ channel: 'ntfy', since: before(now, now.offlineMs), problem: 'no answer' }],
  })),
  // Scratch of a backup, and what the app writes a day.
  scene(diskSpaceCheck, (now) => ({
    totalBytes: 64e9,
    freeBytes: 30e9 - (isBackingUp(now) ? 3e9 : 0) - ((now.at.getTime() - begin) / day) * 50e6,
    ...{ holds: ['the state'], paths: ['/var/lib/holdfast'] },
  })),
  scene(httpCheck, (now) => ({
    ...{ address: 'http://127.0.0.1:8000/health', limits: {} },
    answer: isStarting(now)
      ? { wrong: 'refuses the connection' }
      : { status: 200, latencyMs: isBackingUp(now) ? 900 : 20 },
  })),
  scene(loadCheck, (now) => ({
    ...(isStarting(now) || isBackingUp(now) ? { five: 6, fifteen: 3 } : { five: 0.4, fifteen: 0.5 }),
    ...{ processors: 4, blocked: 0 },
  })),
  scene(memoryCheck, (now) => ({
    ...{
      totalBytes: 4e9,
      availableBytes: isBackingUp(now) ? 1.2e9 : 2.5e9,
      swapTotalBytes: 0,
      swapFreeBytes: 0,
    },
    ...{ waitedPercent: 1, killed: 0 },
  })),
  scene(temperatureCheck, (now) => ({ celsius: isBackingUp(now) ? 71 : 52, stuckFans: 0 })),
];

/** When somebody would be told, of what. */
function alarmsOf(check: Check<unknown>, factsAt: (moment: Moment) => unknown): string[] {
  const { limits, failures, recoveries } = settled(check, undefined);
  const earlier: Sample[] = [];
  const alarms: string[] = [];
  let state: CheckState | undefined;
  for (let ms = 0; ms < 7 * day; ms += everyMs) {
    const moment = momentAt(ms);
    // Nothing is asked while the machine starts.
    if (moment.upMs < minute) continue;
    const isTrusted = moment.upMs >= 3 * minute;
    if (check.needsClock === true && !isTrusted) continue;
    const now = moment.at;
    const judgement = check.judge(factsAt(moment), { subject: 'ctv', limits, now, earlier, timeZone: 'UTC' });
    const reading = {
      ...judgement,
      check: check.name,
      subject: 'ctv',
      unit: check.unit,
      hiddenBy: undefined,
    };
    state = afterReading(state, reading, { failures, recoveries }, now);
    if (isAlarm(state)) alarms.push(`${now.toISOString()}: ${state.message}`);
    if (judgement.value !== undefined && ms % hour === 0) earlier.push({ at: now, value: judgement.value });
  }
  return alarms;
}

test.each(scenes)('%s tells nobody anything', (_, check, factsAt) =>
  expect(alarmsOf(check, factsAt)).toEqual([]),
);

test('the week has what it says: without patience the network alone would be told every day', () => {
  const impatient = {
    ...storeCheck,
    judge: (...given: Parameters<typeof storeCheck.judge>) => ({
      ...storeCheck.judge(...given),
      patience: 2,
    }),
  };
  const [, , factsAt] = scenes[1] ?? [];
  const days = new Set(
    alarmsOf(impatient as Check<unknown>, factsAt ?? (() => undefined)).map((alarm) => alarm.slice(0, 10)),
  );
  expect(days.size).toBe(7);
});

// Measures how old the newest proven backup of each database is, and how old it may be by its own timer.
import { isProvenIn, newestProven } from '../backup/catalogue.ts';
import { usualExpectations } from '../backup/expectations.ts';
import { OpsError } from '../base/errors.ts';
import { type FileApp, fileApps, type GuardedApp, guardedApps } from '../config/config.ts';
import type { BackupAgeFacts } from '../health/backup-age.ts';
import { timerPeriodMs } from '../process/timer-period.ts';
import { lastProven } from './last-proven.ts';
import type { Probe, ProbeContext } from './probe.ts';
import { liveApps } from './standing-by.ts';

/** A night may be missed, and made up for in the morning. */
const patience = 1.5;

export const backupAgeProbe: Probe<BackupAgeFacts> = {
  async subjects(context) {
    return (await liveApps(context)).map(({ name }) => name);
  },
  // As long as a store may take to answer.
  timeoutMs: 60_000,
  async measure(context, subject) {
    const app = appNamed(context, subject);
    return { ...(await newestOf(context, app)), ...(await expectedAge(context, app)) };
  },
};

/** The app of a subject. */
export function appNamed({ config }: ProbeContext, name: string): GuardedApp {
  const found = guardedApps(config).find((app) => app.name === name);
  if (found === undefined) throw new Error(`${name} is no app of the configuration`);
  return found;
}

/** The same where its database is a file. */
export function fileAppNamed({ config }: ProbeContext, name: string): FileApp {
  const found = fileApps(config).find((app) => app.name === name);
  if (found === undefined) throw new Error(`${name} is no app with a database in a file`);
  return found;
}

/** By the store, which is the truth; by the history where that does not answer, which is told of the store itself. */
async function newestOf(
  context: ProbeContext,
  app: GuardedApp,
): Promise<Pick<BackupAgeFacts, 'newest' | 'from'>> {
  const { history, clock } = context;
  const at = (takenAt: Date, isThere: (backup: string) => boolean) =>
    lastProven(history, app, takenAt, { now: clock.now(), isThere });
  try {
    const entries = await context.backups(app);
    const newest = newestProven(entries);
    const isThere = isProvenIn(entries);
    return { newest: newest && { name: newest.name, at: at(newest.takenAt, isThere) }, from: 'the store' };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    const known = history.lastBackup(app.name);
    if (known === undefined) throw error;
    return { newest: { name: known.name, at: at(known.takenAt, () => true) }, from: 'the history' };
  }
}

/** How old the newest backup of an app may be. */
export type ExpectedAge = Pick<BackupAgeFacts, 'expectedMs' | 'criticalMs' | 'expectedBy'>;

/** As its configuration says, else by its timer, else as usual. */
export async function expectedAge(
  { run, signal }: Pick<ProbeContext, 'run' | 'signal'>,
  { name, expect, everyMs }: GuardedApp,
): Promise<ExpectedAge> {
  const { backupMs: expectedMs, backupCriticalMs: criticalMs } = expect;
  const isUsual = everyMs === undefined && expectedMs === usualExpectations.backupMs;
  const timer = `db-backup@${name}.timer`;
  const periodMs = isUsual ? await timerPeriodMs(run, timer, signal) : undefined;
  if (periodMs === undefined)
    return {
      expectedMs,
      criticalMs,
      expectedBy: isUsual ? 'as usual' : `${everyMs === undefined ? 'expect' : 'every'} of ${name}`,
    };
  const byTimer = periodMs * patience;
  return {
    expectedMs: byTimer,
    criticalMs: Math.max(criticalMs, 3 * byTimer),
    expectedBy: `the timer ${timer}`,
  };
}

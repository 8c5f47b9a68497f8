// db-backup hourly: what the hourly timer starts, for the apps with `every`. One backup with the same proof as at night, or the
// word that nothing has changed; it refreshes no latest copy, prunes nothing, and leaves the work to whoever is at it.
import { OpsError } from '../../lib/base/errors.ts';
import { type GuardedApp, isFileApp } from '../../lib/config/config.ts';
import { HeldByRun, type HeldLock } from '../../lib/lock/lock.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { hourlyPurpose } from '../../lib/run/patient-lock.ts';
import { type BackupOrder, backUpApp } from '../steps/back-up-app.ts';
import {
  type AppFinding,
  type AppsResult,
  appsOutcome,
  appsText,
  eachApp,
  selectedApps,
} from '../steps/each-app.ts';
import { nothingAccepted } from '../steps/judge.ts';
import { promotionOf } from '../steps/live-here.ts';
import type * as parameters from './parameters.ts';
import { backupFindings, backupLines, type BackupSummary, backupSummary } from './steps/backup-summary.ts';
import { type BackupPlan, planBackup, planLines } from './steps/plan-backup.ts';

type Given = Options<typeof parameters.hourly>;

/** What came of one app's hour: a backup, or why there is none. */
interface Hour<Made> {
  backup: Made | undefined;
  /** Which run of ours is at work instead, where one is. */
  leftTo: string | undefined;
  /** It is live on another machine, and backed up there. */
  isStandby: boolean;
}

export const run: Steps<Given, AppsResult<Hour<BackupSummary>>>['run'] = (context, given) =>
  eachHour(
    context,
    given,
    async (app, order) => backupSummary(await backUpApp(context, await context.openStore(), app, order)),
    backupFindings,
  );

export function text(result: AppsResult<Hour<BackupSummary>>): string[] {
  return hoursText(result, (summary, app) => backupLines(app, summary));
}

export const plan: Steps<Given, AppsResult<Hour<BackupPlan>>> = {
  run: (context, given) =>
    eachHour(context, given, (app, order) => planBackup(context, app, order, { prunes: false })),
  text: (result) => hoursText(result, (planned, app) => planLines(planned).map((line) => `${app}: ${line}`)),
};

/** Backs each app up that nobody else is at work on. */
async function eachHour<Made>(
  context: JobContext,
  { app: name }: Given,
  make: (app: GuardedApp, order: BackupOrder) => Promise<Made>,
  findingsOf: (made: Made) => readonly AppFinding[] = () => [],
): Promise<Outcome<AppsResult<Hour<Made>>>> {
  const results = await eachApp(context, hourlyApps(context, name), async (app): Promise<Hour<Made>> => {
    const none = { backup: undefined, leftTo: undefined, isStandby: false };
    if (await isStandby(context, app)) return { ...none, isStandby: true };
    const lock = await lockUnlessAtWork(context, app);
    if (typeof lock === 'string') return { ...none, leftTo: lock };
    await using held = lock;
    void held;
    return { ...none, backup: await make(app, hourlyOrder(app)) };
  });
  const isLeftToOther = results.every((result) => result.ok && result.value.backup === undefined);
  const outcome = appsOutcome(results, ({ backup }) => (backup === undefined ? [] : findingsOf(backup)));
  return { ...outcome, isLeftToOther };
}

/** Throws OpsError `config` where `every` is said of none that is meant. */
function hourlyApps(context: JobContext, name: string | undefined): readonly GuardedApp[] {
  const selected = selectedApps(context, name);
  const apps = selected.filter(({ everyMs }) => everyMs !== undefined);
  if (apps.length > 0) return apps;
  const [only] = selected;
  const called = name === undefined ? 'any app' : name;
  throw new OpsError('config', `cannot back up ${called} every hour: every is not set`, {
    hint: `write every = "1h" in [apps.${only?.name ?? '<name>'}] of ${context.config.source}, or make a backup now: db-backup backup`,
  });
}

/** In pages where the app has them: one that costs what changed. */
function hourlyOrder({ formats }: GuardedApp): BackupOrder {
  return {
    label: undefined,
    acceptance: nothingAccepted,
    refreshLatest: false,
    formats: formats.includes('pages') ? ['pages'] : formats,
    storesUnchanged: false,
  };
}

async function isStandby(context: JobContext, app: GuardedApp): Promise<boolean> {
  if (!isFileApp(app) || app.standby === undefined) return false;
  return (await promotionOf(context, app)) === undefined;
}

/** The lock, or which run of ours has it. A nightly run may take hours, and backs the app up itself. */
async function lockUnlessAtWork(context: JobContext, app: GuardedApp): Promise<HeldLock | string> {
  try {
    return await context.lock(app, hourlyPurpose);
  } catch (error) {
    if (!(error instanceof HeldByRun)) throw error;
    context.log.info(`${app.name}: left to ${error.purpose}: ${error.message}`);
    return error.purpose;
  }
}

function hoursText<Made>(
  result: AppsResult<Hour<Made>>,
  lines: (made: Made, app: string) => readonly string[],
): string[] {
  return appsText(result, ({ backup, leftTo, isStandby: standsBy }, app) => {
    if (backup !== undefined) return lines(backup, app);
    if (standsBy) return [`${app}: nothing to do: it is live on another machine, which backs it up`];
    return [`${app}: nothing was done: ${leftTo} is at work; the next run looks again`];
  });
}

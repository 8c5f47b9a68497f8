// Runs that ended without a word: killed, or the power failed. Whatever runs next tells of them, for nobody else can.
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../base/errors.ts';
import { type Config, guardedApps } from '../config/config.ts';
import { currentProcess, processAlive } from '../files/process-identity.ts';
import { type StateNote, stateNote } from '../files/state-note.ts';
import type { RunRow } from '../history/rows.ts';
import { checkName, isCheckName } from '../incident/check.ts';
import type { SpoolRecord } from '../notify/spool-record.ts';
import { configOption } from './config-option.ts';
import type { JobContext } from './context.ts';
import type { Job } from './job.ts';
import { openSpool } from './open-spool.ts';
import { protectionOf, scope } from './told-of.ts';

/** A disk that hangs must not hold up a run that is over. */
const patienceMs = 5000;

/** Leaves a record for alert-send. Never throws; returns whether it is on the device. */
export async function leaveRecord(context: JobContext, record: SpoolRecord): Promise<boolean> {
  const { config, clock, log } = context;
  const written = openSpool(config, log)
    .add(record, clock.now().getTime())
    .then(
      () => true,
      (error: unknown) => {
        log.warn('no alert can be sent of this run', { reason: errorMessage(error) });
        return false;
      },
    );
  return Promise.race([written, delay(patienceMs, false, { ref: false })]);
}

/**
 * Tells of runs that ended without saying so, of whatever job, and notes that they did. What could not be left for alert-send is for the
 * next run; and so is everything where a person types without the settings of alerts, which the jobs may have. Never throws.
 */
export async function tellLostRuns(context: JobContext, job: Pick<Job, 'nextCommand'>): Promise<void> {
  const { history, log, config, attended } = context;
  const told = new Set<string>();
  for (const run of history.lostRuns(processAlive)) {
    log.warn('an earlier run ended without saying so; what it left is cleaned up as it is met', {
      job: run.job,
      command: run.command,
      started: run.startedAt.toISOString(),
    });
    const isForNobody = config.alerts === undefined && !attended;
    const record = config.alerts === undefined ? undefined : await lostRecord(context, job, run);
    if (isForNobody || (record !== undefined && (await leaveRecord(context, record)))) told.add(run.id);
  }
  if (told.size > 0) history.markInterrupted((run) => !told.has(run.id) || processAlive(run));
}

/** The note that the services of an app were stopped for a restore. */
export function restoringNote({ stateDirectory }: Pick<Config, 'stateDirectory'>, app: string): StateNote {
  return stateNote(stateDirectory, 'restoring', app);
}

/** Those of the apps whose services a restore has stopped and not started again. */
export async function leftStopped(config: Config, apps: readonly string[]): Promise<string[]> {
  const stopped: string[] = [];
  for (const app of apps) {
    // What cannot be read says nothing; the restore said what went wrong.
    const note = await restoringNote(config, app)
      .read()
      .catch(() => undefined);
    if (note !== undefined) stopped.push(app);
  }
  return stopped;
}

async function lostRecord(
  context: JobContext,
  job: Pick<Job, 'nextCommand'>,
  run: RunRow,
): Promise<SpoolRecord | undefined> {
  const { config, clock } = context;
  const check = checkName({ job: run.job, command: run.command, app: scope(config, run.app) });
  if (!isCheckName(check)) return undefined;
  const apps = run.app === undefined ? guardedApps(config).map(({ name }) => name) : [run.app];
  const stopped = run.job === 'restore' ? await leftStopped(config, apps) : [];
  const began = `the run that began at ${run.startedAt.toISOString()}`;
  const isOtherBoot = run.bootId !== currentProcess().bootId;
  const how = isOtherBoot
    ? `the machine went down during ${began}`
    : `${began} ended without a word: it was killed`;
  const option = configOption(config);
  const only = apps.length === 1 && config.apps.length > 1 ? ` --app ${apps[0]}` : '';
  // Of the run, and not of whatever tells of it.
  const unit = check.includes('@') ? `${check}.service` : `'${run.job}*'`;
  return {
    kind: 'run',
    check,
    runId: run.id,
    at: clock.now().getTime(),
    result: 'killed',
    severity: stopped.length > 0 ? 'critical' : 'warning',
    proves: [],
    facts: {
      message: [how, ...stopped.map((app) => `the services of ${app} may be stopped`)].join('; '),
      hint: undefined,
      next:
        run.job === 'restore'
          ? `restore status${only}${option}`
          : job.nextCommand({ result: 'killed', kind: undefined, app: run.app, unit, configOption: option }),
      apps,
      runId: run.id,
      exitCode: undefined,
      protection: protectionOf(context, apps),
    },
  };
}

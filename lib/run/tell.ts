// What a run leaves for alert-send: a record in the spool of how it ended. Needs no network, no store and no ops.db, and
// neither fails nor holds up the run: how the job went is the news.
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../base/errors.ts';
import type { ErrorKind } from '../base/exit-code.ts';
import { type Config, guardedApps, isGuarded } from '../config/config.ts';
import { checkName, isCheckName } from '../incident/check.ts';
import { nextCommand } from '../incident/next-command.ts';
import type { Protection, RunResult, Severity } from '../incident/observation.ts';
import { severityOf } from '../incident/severity.ts';
import type { RunRecord } from '../history/records.ts';
import type { SpoolRecord } from '../notify/spool-record.ts';
import { configOption } from './config-option.ts';
import type { JobContext } from './context.ts';
import type { Command, Input, Job, Trouble } from './job.ts';
import { openSpool } from './open-alerts.ts';

/** How a run ended, as far as others are told. */
export interface RunEnding {
  result: RunResult;
  kind: ErrorKind | 'interrupted' | undefined;
  exitCode: number;
  message: string;
  hint: string | undefined;
  troubles: readonly Trouble[] | undefined;
}

/** Neither method throws. */
export interface Teller {
  /** The run begins; `lost` are earlier ones that ended without a word. */
  began(lost: readonly RunRecord[]): Promise<void>;
  ended(ending: RunEnding): Promise<void>;
}

/** A disk that hangs must not hold up a run that is over. */
const patienceMs = 5000;

/** Tells of one run, where alerts are configured; else, and of a dry run, nothing. */
export function createTeller(
  context: JobContext,
  { job, command, input }: { job: Job; command: Command; input: Input },
): Teller {
  const { config, clock, log, runId } = context;
  const { alerts } = config;
  const check = checkName({ job: job.name, command: command.name, app: scope(config, input.app) });
  if (alerts === undefined || input.dryRun || command.attended === true || !isCheckName(check)) return silent;
  const spool = openSpool(config, log);
  const add = async (record: SpoolRecord) => {
    const written = spool.add(record, clock.now().getTime()).catch((error: unknown) => {
      log.warn('no alert can be sent of this run', { reason: errorMessage(error) });
    });
    await Promise.race([written, delay(patienceMs, undefined, { ref: false })]);
  };
  return {
    async began(lost) {
      for (const run of lost.filter((other) => other.job === job.name)) await add(lostRecord(context, run));
      if (alerts.ping?.checks.includes(check) === true)
        await add({ kind: 'start', check, runId, at: clock.now().getTime() });
    },
    async ended(ending) {
      // Who typed it wrong, or pressed Ctrl-C, knows.
      if (ending.kind === 'usage' || ending.exitCode === 130) return;
      await add(endRecord(context, { job, command, check, app: input.app, ending }));
    },
  };
}

const silent: Teller = { async began() {}, async ended() {} };

/** The app as a check's name has it: with a single app that has a database there is no need to name it. */
export function scope(config: Config, app: string | undefined): string | undefined {
  const apps = guardedApps(config);
  return apps.length === 1 && apps[0]?.name === app ? undefined : app;
}

/** What stands between the apps and the loss of their data, as far as the history knows; nothing of one without any. */
export function protectionOf(
  { config, history }: Pick<JobContext, 'config' | 'history'>,
  apps: readonly string[],
): Protection[] {
  const hasNothing = (name: string) => config.apps.some((app) => app.name === name && !isGuarded(app));
  return apps.flatMap((app) => {
    if (hasNothing(app)) return [];
    const backup = history.lastBackup(app);
    return [{ app, backup: backup?.name, takenAt: backup?.takenAt.getTime() }];
  });
}

interface EndedRun {
  job: Job;
  command: Command;
  check: string;
  app: string | undefined;
  ending: RunEnding;
}

function endRecord(context: JobContext, { job, command, check, app, ending }: EndedRun): SpoolRecord {
  const { config, clock, runId } = context;
  const { troubles = [], exitCode } = ending;
  const isBusy = troubles.length > 0 && troubles.every((trouble) => trouble.kind === 'busy');
  const result = isBusy ? 'busy' : ending.result;
  const kind = ending.kind === 'interrupted' ? undefined : ending.kind;
  const about = app === undefined ? guardedApps(config).map(({ name }) => name) : [app];
  const apps = troubles.length > 0 ? troubles.map((trouble) => trouble.app) : about;
  const only = apps.length === 1 && config.apps.length > 1 ? apps[0] : undefined;
  return {
    kind: 'run',
    check,
    runId,
    at: clock.now().getTime(),
    result,
    severity: worst(troubles) ?? severityOf(result, kind),
    proves: (command.proves ?? []).map((name) =>
      checkName({ job: job.name, command: name, app: scope(config, app) }),
    ),
    facts: {
      message: troubles.length > 0 ? told(troubles, config.apps.length > 1) : ending.message,
      hint: troubles.length === 1 ? troubles[0]?.hint : ending.hint,
      next: nextCommand({
        job: job.name,
        result,
        kind,
        app: only,
        unit: undefined,
        configOption: configOption(config),
      }),
      apps: result === 'done' ? [] : apps,
      runId,
      exitCode,
      protection: result === 'done' ? [] : protectionOf(context, apps),
    },
  };
}

/** Of several apps that failed each for its own reason. */
function worst(troubles: readonly Trouble[]): Severity | undefined {
  const severities = troubles.map(({ kind }) => severityOf(kind === undefined ? 'bad-news' : 'failed', kind));
  return severities.includes('critical') ? 'critical' : severities[0];
}

function told(troubles: readonly Trouble[], isNamed: boolean): string {
  return troubles.map(({ app, message }) => (isNamed ? `${app}: ${message}` : message)).join('; ');
}

function lostRecord(context: JobContext, run: RunRecord): SpoolRecord {
  const { config, clock } = context;
  const apps = run.app === undefined ? guardedApps(config).map(({ name }) => name) : [run.app];
  return {
    kind: 'run',
    check: checkName({ job: run.job, command: run.command, app: scope(config, run.app) }),
    runId: run.id,
    at: clock.now().getTime(),
    result: 'interrupted',
    severity: 'warning',
    proves: [],
    facts: {
      message: `the run that began at ${run.startedAt.toISOString()} ended without a word: killed, or the power failed`,
      hint: undefined,
      next: nextCommand({
        job: run.job,
        result: 'killed',
        kind: undefined,
        app: run.app,
        unit: undefined,
        configOption: configOption(config),
      }),
      apps,
      runId: run.id,
      exitCode: undefined,
      protection: protectionOf(context, apps),
    },
  };
}

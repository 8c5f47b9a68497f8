// What a run leaves for alert-send: a record in the spool of how it ended. Needs no network, no store and no ops.db, and
// neither fails nor holds up the run: how the job went is the news.
import { setTimeout as delay } from 'node:timers/promises';
import { errorMessage } from '../base/errors.ts';
import { exitHungUp, exitInterrupted } from '../base/exit-code.ts';
import type { Finding } from '../base/finding.ts';
import { type Severity, worst } from '../base/verdict.ts';
import { type Config, guardedApps, isGuarded } from '../config/config.ts';
import { checkName, isCheckName } from '../incident/check.ts';
import type { Protection } from '../incident/observation.ts';
import { severityOf } from '../incident/severity.ts';
import type { RunRow } from '../history/rows.ts';
import type { SpoolRecord } from '../notify/spool-record.ts';
import { configOption } from './config-option.ts';
import { completeHint } from './hint.ts';
import type { JobContext } from './context.ts';
import type { Command, Job } from './job.ts';
import { type Failure, failedResult } from './failure.ts';
import { openSpool } from './open-alerts.ts';
import type { RunEnding, TracedRun } from './run-ending.ts';

/** Neither method throws. */
export interface Teller {
  /** The run begins; `lost` are earlier ones that ended without a word. */
  began(lost: readonly RunRow[]): Promise<void>;
  ended(ending: RunEnding): Promise<void>;
}

/** A disk that hangs must not hold up a run that is over. */
const patienceMs = 5000;

/** Tells of one run, where alerts are configured; else nothing. */
export function createTeller(context: JobContext, { job, command, app }: Omit<TracedRun, 'dryRun'>): Teller {
  const { config, clock, log, runId } = context;
  const { alerts } = config;
  const check = checkName({ job: job.name, command: command.name, app: scope(config, app) });
  if (alerts === undefined || command.attended === true || !isCheckName(check)) return silent;
  const spool = openSpool(config, log);
  const add = async (record: SpoolRecord) => {
    const written = spool.add(record, clock.now().getTime()).catch((error: unknown) => {
      log.warn('no alert can be sent of this run', { reason: errorMessage(error) });
    });
    await Promise.race([written, delay(patienceMs, undefined, { ref: false })]);
  };
  return {
    async began(lost) {
      for (const run of lost.filter((other) => other.job === job.name))
        await add(lostRecord(context, job, run));
      if (alerts.ping?.checks.includes(check) === true)
        await add({ kind: 'start', check, runId, at: clock.now().getTime() });
    },
    async ended(ending) {
      // Who typed it wrong, or pressed Ctrl-C, knows.
      if (ending.kind === 'usage' || ending.exitCode === exitInterrupted) return;
      await add(endRecord(context, { job, command, check, app, ending }));
    },
  };
}

/**
 * Tells of a service: that it can be used, by which an earlier failure of it is over, and that it could not go on. What
 * comes second of one start outweighs what came first.
 */
export function tellOfService(
  context: JobContext,
  { job, command }: { job: Job; command: Command },
): { ready(): Promise<void>; failed(failure: Failure): Promise<void> } {
  const teller = createTeller(context, { job, command, app: undefined });
  const well = { result: 'done', kind: undefined, exitCode: 0, message: '', hint: undefined } as const;
  return {
    ready: () => teller.ended({ ...well, findings: [] }),
    failed: (failure) => teller.ended({ ...failure, result: failedResult(failure), findings: [] }),
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
  const { findings, exitCode } = ending;
  const isBusy = findings.length > 0 && findings.every((finding) => finding.kind === 'busy');
  // Nobody reads any more what the run said, so that it was stopped is told like a failure, at once.
  const result = isBusy ? 'busy' : exitCode === exitHungUp ? 'failed' : ending.result;
  const kind = ending.kind === 'interrupted' ? undefined : ending.kind;
  const about = app === undefined ? guardedApps(config).map(({ name }) => name) : [app];
  const named = [...new Set(findings.map(({ subject }) => subject))].filter((name) => about.includes(name));
  const apps = named.length > 0 ? named : about;
  const only = apps.length === 1 && config.apps.length > 1 ? apps[0] : undefined;
  return {
    kind: 'run',
    check,
    runId,
    at: clock.now().getTime(),
    result,
    severity: worstOf(findings) ?? severityOf(result, kind),
    proves: (command.proves ?? []).map((name) =>
      checkName({ job: job.name, command: name, app: scope(config, app) }),
    ),
    facts: {
      message: findings.length > 0 ? told(findings, config.apps.length > 1) : ending.message,
      hint:
        ending.hint === undefined
          ? undefined
          : completeHint(ending.hint, { configOption: configOption(config), app: only, isSudo: false }),
      next: job.nextCommand({
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

/** What could not be found out may wait like a warning. */
function worstOf(findings: readonly Finding[]): Severity | undefined {
  if (findings.length === 0) return undefined;
  const verdict = worst(findings.map(({ severity }) => severity));
  return verdict === 'critical' ? 'critical' : 'warning';
}

function told(findings: readonly Finding[], isNamed: boolean): string {
  return findings.map(({ subject, message }) => (isNamed ? `${subject}: ${message}` : message)).join('; ');
}

function lostRecord(context: JobContext, job: Job, run: RunRow): SpoolRecord {
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
      next: job.nextCommand({
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

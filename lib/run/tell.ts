// What a run leaves for alert-send: a record in the spool of how it ended. Needs no network, no store and no ops.db, and
// neither fails nor holds up the run: how the job went is the news.
import { exitDone, exitHungUp, exitInterrupted } from '../base/exit-code.ts';
import type { Finding } from '../base/finding.ts';
import { type Severity, worst } from '../base/verdict.ts';
import { guardedApps } from '../config/config.ts';
import { checkName, isCheckName } from '../incident/check.ts';
import { severityOf } from '../incident/severity.ts';
import type { SpoolRecord } from '../notify/spool-record.ts';
import { configOption } from './config-option.ts';
import { completeHint } from './hint.ts';
import type { JobContext } from './context.ts';
import type { Command, Job } from './job.ts';
import { type Failure, failedResult } from './failure.ts';
import { leaveRecord, leftStopped } from './lost-runs.ts';
import type { RunEnding, TracedRun } from './run-ending.ts';
import { protectionOf, scope } from './told-of.ts';

/** Neither method throws. */
export interface Teller {
  began(): Promise<void>;
  ended(ending: RunEnding): Promise<void>;
}

/**
 * Tells of one run, where alerts are configured; else nothing. Of one that a person types and sees to its end nothing but
 * what is so of the data: see `unseen`.
 */
export function createTeller(context: JobContext, { job, command, app }: Omit<TracedRun, 'dryRun'>): Teller {
  const { config, clock, runId, attended } = context;
  const { alerts } = config;
  const check = checkName({ job: job.name, command: command.name, app: scope(config, app) });
  if (alerts === undefined || command.attended === true || !isCheckName(check)) return silent;
  return {
    async began() {
      // One that a person stops would be missed.
      if (alerts.ping?.checks.includes(check) === true && !attended)
        await leaveRecord(context, { kind: 'start', check, runId, at: clock.now().getTime() });
    },
    async ended(ending) {
      const news = await newsOf(context, { command, app, ending });
      if (news !== undefined)
        await leaveRecord(context, endRecord(context, { job, command, check, app, ending: news }));
    },
  };
}

/** What is news of it to those who did not see it. An app that a restore has left without its services always is. */
async function newsOf(
  { config, attended }: JobContext,
  { command, app, ending }: { command: Command; app: string | undefined; ending: RunEnding },
): Promise<RunEnding | undefined> {
  const mayHaveStopped = command.stopsServices === true && !neverBegan.includes(ending.kind);
  const apps = app === undefined ? guardedApps(config).map(({ name }) => name) : [app];
  const stopped = mayHaveStopped && ending.result !== 'done' ? await leftStopped(config, apps) : [];
  if (stopped.length > 0) {
    const hint = 'restore status';
    const message = `${ending.message}; its services may be stopped`;
    const findings = stopped.map((subject): Finding => ({ subject, severity: 'critical', message, hint }));
    return { ...ending, kind: undefined, result: 'bad-news', hint, findings };
  }
  // Nothing was done, and nothing went wrong: how long nobody has looked is told by who watches that.
  if (ending.result === 'busy' && ending.exitCode === exitDone) return undefined;
  // Who typed it wrong, or pressed Ctrl-C, knows.
  if (ending.kind === 'usage' || ending.exitCode === exitInterrupted) return undefined;
  return attended ? unseen(ending) : ending;
}

const neverBegan: (RunEnding['kind'] | undefined)[] = ['usage', 'config', 'busy'];

/**
 * Of a run that a person saw: that it went well, and what it found out about data, which is so whoever looked. That it could
 * not be done, for a name that is not there or a disk that is away, was said to who typed it; a job says it again if it is so.
 * Whose terminal was closed has seen nothing.
 */
function unseen(ending: RunEnding): RunEnding | undefined {
  if (ending.result === 'done' || ending.kind === 'damaged' || ending.exitCode === exitHungUp) return ending;
  const findings = ending.findings.filter(({ kind }) => kind === undefined || kind === 'damaged');
  return findings.length === 0 ? undefined : { ...ending, findings };
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

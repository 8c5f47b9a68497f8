// The only frame around a job: configuration, history row, run, outcome, report, exit code.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import { errorExitCodes, exitBadNews, exitDone, exitInterrupted, exitTerminated } from '../base/exit-code.ts';
import { loadConfig } from '../config/load.ts';
import { invocationId, isNotified, logsToJournal } from '../config/service-manager.ts';
import { currentProcess, processAlive } from '../files/process-identity.ts';
import type { RunRecord } from '../history/records.ts';
import { runCommand } from '../process/run-command.ts';
import { createServiceStatus } from '../process/service-status.ts';
import { createContext, type JobContext } from './context.ts';
import type { Command, Input, Job, Outcome } from './job.ts';
import { failureJson, successJson } from './report.ts';
import { createTeller, type RunEnding, type Teller } from './tell.ts';
import { createTerminal, type Verbosity } from './terminal.ts';

/** The process, as far as a run needs it. */
export interface ProcessStreams {
  writeResult(text: string): void;
  writeLog(text: string): void;
  logIsTerminal: boolean;
  columns: number;
  confirm(question: string): Promise<boolean>;
  ask(question: string): Promise<string | undefined>;
  /** Aborts with an Interrupted as its reason. */
  signal: AbortSignal;
}

export interface Invocation {
  job: Job;
  command: Command;
  input: Input;
  configPath: string | undefined;
  json: boolean;
  verbosity: Verbosity;
}

/** The reason of an abort: the process was told to stop. */
export class Interrupted extends Error {
  readonly signalName: 'SIGINT' | 'SIGTERM';

  constructor(signalName: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signalName}`);
    this.signalName = signalName;
  }
}

/** Runs one command to its end and returns the exit code. Never throws. */
export async function runJob(invocation: Invocation, streams: ProcessStreams, clock: Clock): Promise<number> {
  const { job, command, input, json, verbosity } = invocation;
  const { log, progress } = createTerminal({
    write: streams.writeLog,
    name: job.name,
    verbosity,
    isTerminal: streams.logIsTerminal,
    columns: streams.columns,
    journal: logsToJournal(),
    tellStatus: isNotified() ? createServiceStatus(runCommand) : undefined,
    clock,
  });
  const left: string[] = [];
  const lost = new AbortController();
  const signal = AbortSignal.any([streams.signal, lost.signal]);
  let context: JobContext | undefined;
  let teller: Teller | undefined;
  try {
    const config = loadConfig({ path: invocation.configPath });
    const runId = invocationId(currentProcess().pid) ?? randomUUID().replaceAll('-', '');
    const { confirm, ask } = streams;
    const noteLeft = (what: string) => void left.push(what);
    context = createContext({
      config,
      clock,
      log,
      progress,
      signal,
      runId,
      confirm,
      ask,
      noteLeft,
      abort: (reason) => lost.abort(reason),
    });
    if (command.recorded) {
      const lost = beginRun(context, job, command, input);
      teller = createTeller(context, { job, command, input });
      await teller.began(lost);
    }
    const outcome = await (await command.load()).run(context, input);
    progress.end();
    finishRun(
      context,
      command,
      outcome.badNews ? 'bad-news' : 'done',
      outcome.badNews ? exitBadNews : exitDone,
      undefined,
    );
    await teller?.ended(endingOf(outcome));
    streams.writeResult(
      json
        ? successJson(job.name, command.name, runId, outcome.badNews, outcome.result, context.traffic())
        : text(outcome),
    );
    return outcome.badNews ? exitBadNews : exitDone;
  } catch (thrown) {
    progress.end();
    const failure = describeFailure(signal.aborted ? signal.reason : thrown, left);
    if (context !== undefined)
      finishRun(context, command, failure.outcome, failure.exitCode, failure.message);
    await teller?.ended({ ...failure, result: failure.outcome, troubles: undefined });
    if (json) streams.writeResult(failureJson(job.name, command.name, failure, context?.traffic()));
    for (const what of failure.kind === 'interrupted' ? [] : left) log.info(`before that: ${what}`);
    log.error(failure.message);
    if (failure.hint !== undefined) log.error(`hint: ${failure.hint}`);
    if (failure.stack !== undefined) streams.writeLog(`${failure.stack}\n`);
    return failure.exitCode;
  } finally {
    context?.history.close();
  }
}

function text(outcome: Outcome): string {
  return outcome.lines.map((line) => `${line}\n`).join('');
}

/** Returns the runs that ended without saying so. */
function beginRun(context: JobContext, job: Job, command: Command, input: Input): RunRecord[] {
  const interrupted = context.history.markInterrupted(processAlive);
  for (const run of interrupted) {
    context.log.warn('an earlier run ended without saying so; what it left is cleaned up as it is met', {
      job: run.job,
      command: run.command,
      started: run.startedAt.toISOString(),
    });
  }
  context.history.begin({
    ...currentProcess(),
    id: context.runId,
    job: job.name,
    command: command.name,
    app: input.app,
    holdfastVersion: context.version,
  });
  return interrupted;
}

function endingOf({ badNews, troubles, lines }: Outcome): RunEnding {
  return {
    result: badNews ? 'bad-news' : 'done',
    kind: undefined,
    exitCode: badNews ? exitBadNews : exitDone,
    message: badNews ? lines.join('; ') : '',
    hint: undefined,
    troubles,
  };
}

type RunOutcome = 'done' | 'bad-news' | 'failed' | 'busy' | 'interrupted';

function finishRun(
  context: JobContext,
  command: Command,
  outcome: RunOutcome,
  exitCode: number,
  message: string | undefined,
): void {
  if (command.recorded) context.history.finish(context.runId, { outcome, exitCode, message });
}

interface Failure {
  kind: keyof typeof errorExitCodes | 'interrupted';
  message: string;
  hint: string | undefined;
  exitCode: number;
  outcome: RunOutcome;
  stack?: string;
}

function describeFailure(thrown: unknown, left: readonly string[]): Failure {
  if (thrown instanceof Interrupted) {
    return {
      kind: 'interrupted',
      message: `${thrown.message}: ${left.length === 0 ? 'nothing new was left behind' : left.join('; ')}`,
      hint: undefined,
      exitCode: thrown.signalName === 'SIGINT' ? exitInterrupted : exitTerminated,
      outcome: 'interrupted',
    };
  }
  if (thrown instanceof OpsError) {
    return {
      kind: thrown.kind,
      message: thrown.message,
      hint: thrown.hint,
      exitCode: errorExitCodes[thrown.kind].code,
      outcome: thrown.kind === 'busy' ? 'busy' : 'failed',
    };
  }
  return {
    kind: 'bug',
    message: `this is a mistake in Holdfast: ${errorMessage(thrown)}`,
    hint: 'please report it with the lines that follow',
    exitCode: errorExitCodes.bug.code,
    outcome: 'failed',
    stack: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  };
}

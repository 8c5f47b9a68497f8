// The only frame around a job that ends: configuration, trace, run, outcome, report, exit code.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { OpsError } from '../base/errors.ts';
import { exitDone, verdictExitCode } from '../base/exit-code.ts';
import { verdictOf } from '../base/finding.ts';
import type { Verdict } from '../base/verdict.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { defaultPath } from '../config/known-place.ts';
import { loadConfig, loadLastGood } from '../config/load.ts';
import { invocationId, isNotified, logsToJournal } from '../config/service-manager.ts';
import { currentProcess } from '../files/process-identity.ts';
import { runCommand } from '../process/run-command.ts';
import { createServiceStatus } from '../process/service-status.ts';
import type { SpareProcess } from '../sqlite/started-process.ts';
import { type BrokenSettings, describeBroken } from './broken-settings.ts';
import { configOption } from './config-option.ts';
import { createContext, type JobContext } from './context.ts';
import type { StorePurpose } from './open-store.ts';
import { describeFailure, failedResult, tellFailure } from './failure.ts';
import { completed, completedLog, hintsOf } from './hint.ts';
import type { AnySteps, EndingCommand, Job, Outcome } from './job.ts';
import type { Options } from './parameter.ts';
import { afterProgress, type Questions } from './questions.ts';
import { type Format, renderers } from './report.ts';
import { createTerminal, type Verbosity } from './terminal.ts';
import type { RunEnding } from './run-ending.ts';
import type { Wait } from './wait.ts';
import { createTrace, type Trace } from './trace.ts';

/** The process, as far as a run needs it. */
export interface ProcessStreams extends Questions {
  /** May throw OpsError `io`. */
  writeResult(text: string): void | Promise<void>;
  writeLog(text: string): void;
  logIsTerminal: boolean;
  logIsColoured: boolean;
  logColumns(): number;
  /** How wide the terminal is that the result goes to; undefined for a file or a pipe. */
  resultColumns?: number | undefined;
  readInput(sizeBytesMax: number): Promise<Buffer>;
  /** Aborts with an Interrupted as its reason. */
  signal: AbortSignal;
  /** What is finished first when the process is told to stop now; undefined for nothing. */
  noteUnderWay(what: string | undefined): void;
  wait: Wait;
  /** A person has typed it and sees how it ends; nobody, unless given. */
  attended?: boolean;
  /** The variables that were set for it; the process's own unless given. */
  environment?: Environment;
  /** Where the command reads rows. */
  spare?: SpareProcess | undefined;
}

export interface Invocation {
  job: Job;
  command: EndingCommand;
  /** Another name by which it was typed. */
  alias?: { name: string; means: string } | undefined;
  options: Options;
  /** The app that was named. */
  app: string | undefined;
  dryRun: boolean;
  configPath: string | undefined;
  envFile: string | undefined;
  format: Format;
  verbosity: Verbosity;
  withoutColour: boolean;
}

/** What a run leaves to be printed when all is done and let go of. */
interface Ended {
  exitCode: number;
  printed: string;
}

/**
 * Runs one command to its end and returns the exit code. Never throws. The result comes last, when nothing is held any more:
 * a reader may take its time. Where it cannot be written that is an error (74) of a run that else ended well.
 */
export async function runJob(invocation: Invocation, streams: ProcessStreams, clock: Clock): Promise<number> {
  const terminal = terminalOf(invocation, streams, clock);
  const { exitCode, printed } = await runToEnd(invocation, streams, clock, terminal);
  try {
    await streams.writeResult(printed);
    return exitCode;
  } catch (thrown) {
    const failure = describeFailure(thrown, []);
    tellFailure(failure, terminal.log, streams.writeLog);
    return exitCode === exitDone ? failure.exitCode : exitCode;
  }
}

async function runToEnd(
  invocation: Invocation,
  streams: ProcessStreams,
  clock: Clock,
  { log, progress }: ReturnType<typeof createTerminal>,
): Promise<Ended> {
  const { job, command, options } = invocation;
  const { environment } = streams;
  const renderer = renderers[invocation.format];
  const questions = afterProgress(streams, progress);
  const left: string[] = [];
  if (invocation.alias !== undefined) log.info(`${invocation.alias.name} is: ${invocation.alias.means}`);
  // The process is told to stop from outside, or a lock that was held is lost.
  const lost = new AbortController();
  const signal = AbortSignal.any([streams.signal, lost.signal]);
  let context: JobContext | undefined;
  let trace: Trace | undefined;
  // Before the settings are read, nothing is known of them.
  let complete = hintsOf(invocation, undefined, environment);
  try {
    const { config, brokenSettings } = settingsOf(invocation, environment, log);
    complete = hintsOf(invocation, config, environment);
    context = createContext({
      config,
      brokenSettings,
      clock,
      log: completedLog(log, complete),
      progress,
      signal,
      dryRun: invocation.dryRun,
      purpose: purposeOf(invocation),
      leavesTraces: command.inHistory === true && !invocation.dryRun,
      runId: invocationId(currentProcess().pid, environment) ?? randomUUID().replaceAll('-', ''),
      confirm: questions.confirm,
      ask: questions.ask,
      readInput: streams.readInput,
      identity: identityIn(invocation, questions),
      wait: streams.wait,
      attended: streams.attended ?? false,
      environment,
      spare: streams.spare,
      noteLeft: (what) => void left.push(what),
      noteUnderWay: streams.noteUnderWay,
      abort: (reason) => lost.abort(reason),
    });
    trace = createTrace(context, invocation);
    await trace.begin();
    const steps = await stepsOf(invocation);
    signal.throwIfAborted();
    const ran = await steps.run(context, options);
    progress.end();
    const findings = ran.findings.map((finding) => completed(finding, complete));
    const { timeZone } = context.config;
    const view = { now: clock.now(), timeZone, columns: streams.resultColumns, findings };
    const lines = steps.text(ran.result, view);
    const verdict = verdictOf(findings);
    const exitCode = verdictExitCode(verdict, job.exits ?? 'plain');
    await trace.end(endingOf({ ...ran, findings }, verdict, exitCode));
    const { runId } = context;
    const named = { job: job.name, command: command.name, traffic: context.traffic() };
    const { result } = ran;
    return { exitCode, printed: renderer.ended({ ...named, runId, verdict, result, findings, lines }) };
  } catch (thrown) {
    progress.end();
    const failure = completed(describeFailure(signal.aborted ? signal.reason : thrown, left), complete);
    await trace?.end({ ...failure, result: failedResult(failure), findings: [] });
    const named = { job: job.name, command: command.name, traffic: context?.traffic() };
    for (const what of failure.kind === 'interrupted' ? [] : left) log.info(`before that: ${what}`);
    tellFailure(failure, log, streams.writeLog);
    return { exitCode: failure.exitCode, printed: renderer.failed({ ...named, error: failure }) };
  } finally {
    await context?.close();
  }
}

/** For a command that is there to tell of such things, those that were good last, where they cannot be used now. */
function settingsOf(
  invocation: Invocation,
  environment: Environment | undefined,
  log: Log,
): { config: Config; brokenSettings: BrokenSettings | undefined } {
  try {
    return { config: configOf(invocation, environment, log), brokenSettings: undefined };
  } catch (error) {
    const { configPath: path, envFile, command } = invocation;
    if (!(error instanceof OpsError) || command.lastSettingsAreEnough !== true) throw error;
    const found = loadLastGood({ path, envFile, environment });
    if (found?.config.alerts === undefined) throw error;
    const brokenSettings = describeBroken(error, found);
    log.warn(brokenSettings.message);
    if (error.hint !== undefined) log.warn(`hint: ${error.hint}`);
    return { config: found.config, brokenSettings };
  }
}

/** Which settings count is said where nobody has named them. */
function configOf(
  { configPath: path, envFile, command }: Invocation,
  environment: Environment | undefined,
  log: Log,
): Config {
  const config = loadConfig({ ...command, path, envFile, environment });
  const isFound = config.source.startsWith('/') && config.source !== defaultPath;
  if (isFound && configOption(config) === '') log.info(`the settings are those in ${config.source}`);
  return config;
}

function terminalOf({ job, verbosity }: Invocation, streams: ProcessStreams, clock: Clock) {
  return createTerminal({
    write: streams.writeLog,
    name: job.name,
    verbosity,
    isTerminal: streams.logIsTerminal,
    columns: streams.logColumns,
    isColoured: streams.logIsColoured,
    journal: logsToJournal(streams.environment),
    tellStatus: isNotified(streams.environment) ? createServiceStatus(runCommand) : undefined,
    clock,
  });
}

/** A command that can be told an identity can ask for one as well; all others open nothing. */
function identityIn({ command, options }: Invocation, { askSecret }: Questions) {
  if (command.parameters.identity === undefined) return undefined;
  const file = options.identity;
  return { file: typeof file === 'string' ? file : undefined, askSecret };
}

/** For what the store is opened; see there. */
function purposeOf({ command: { wantsStore }, dryRun }: Invocation): StorePurpose {
  if (wantsStore === undefined) return 'look';
  if (!dryRun || wantsStore === 'glance') return wantsStore;
  return wantsStore === 'init' ? 'try-init' : 'try';
}

/** What is to be done: the command itself, or for `--dry-run` what tells of it. */
async function stepsOf({ command, dryRun }: Invocation): Promise<AnySteps> {
  if (!dryRun) return command.load();
  if (command.loadPlan === undefined) throw new Error(`${command.name} has no plan`);
  return command.loadPlan();
}

function endingOf(outcome: Outcome<unknown>, verdict: Verdict, exitCode: number): RunEnding {
  const { findings, isLeftToOther = false } = outcome;
  return {
    result: isLeftToOther ? 'busy' : verdict === 'ok' ? 'done' : 'bad-news',
    kind: undefined,
    exitCode,
    message: findings.map(({ subject, message }) => `${subject}: ${message}`).join('; '),
    hint: findings.length === 1 ? findings[0]?.hint : undefined,
    findings,
  };
}

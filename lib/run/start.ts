// Binds a job to the real process: arguments, streams, signals, exit code. Kept light, for --help waits for it.
import { isatty } from 'node:tty';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../base/clock.ts';
import { errorExitCodes } from '../base/exit-code.ts';
import { type Environment, takeEnvironment } from '../config/environment.ts';
import { ignoredSignalMask, isPlainTerminal, wantsColour } from '../config/launcher.ts';
import type { SpareProcess } from '../sqlite/started-process.ts';
import { coloured, colouredLog } from './colour.ts';
import type { EndingCommand, Job } from './job.ts';
import { type LogSink, openLogSink } from './log-sink.ts';
import type { Invocation } from './main.ts';
import type { ParseResult } from './options.ts';
import { writeResult } from './result-output.ts';
import { cleared } from './status-line.ts';
import { dieBy, ignoredSignals, onStopSignals, type StopSignal } from './stop-signals.ts';
import { realWait } from './wait.ts';
import { holdfastVersion } from './version.ts';

/** Where both go to one place the log stands before the result, unless it is not read at all. */
const orderPatienceMs = 200;
/** The word in the place of a command with which a shell asks (complete.ts). --help is silent of it: nobody types it. */
const completionWord = '__complete';
/** A log that nobody reads is given up after so long, when all else is done. */
const logPatienceMs = 2000;

/** Parses the command line, runs the job, and ends the process. */
export async function start(job: Job): Promise<void> {
  const environment = takeEnvironment();
  const log = openLogSink();
  settleIn(job, log);
  if (process.argv[2] === completionWord) return answerShell(job, log, environment);
  const parsed = await parse(job, log, environment);
  if ('exitCode' in parsed) return end(parsed.exitCode, log);
  const { command, ...run } = parsed.run; // and its job, which may be another one
  if (command.kind === 'service' || command.passesRows === true) keepHeapSmall();
  if (command.kind === 'service') {
    const { startService } = await import('./start-service.ts');
    return startService({ command, ...run }, log, environment);
  }
  return runEnding({ command, ...run }, log, environment);
}

/**
 * What is dead is swept once the heap has grown by half, not when it has grown fourfold: half the memory for a tenth of the
 * time. A limit of the heap would save more, and end the process at the first large row.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

/** Makes the process one like any other, whatever it was started with. */
function settleIn({ name }: Job, log: LogSink): void {
  // What we make belongs to us: no umask takes that away, and none lets strangers write.
  process.umask((process.umask() & 0o077) | 0o002);
  // A file that grows beyond a limit (ulimit -f) is an error then, and not the end of the process.
  process.on('SIGXFSZ', () => undefined);
  try {
    process.cwd();
  } catch {
    log.write(
      `${name}: warning: the directory that this was typed in is gone: a relative path leads nowhere\n`,
    );
    process.chdir('/proc'); // where nothing can be made by mistake
  }
}

async function answerShell(job: Job, log: LogSink, environment: Environment): Promise<never> {
  const { completion } = await import('./complete.ts');
  await writeResult(await completion(job, process.argv.slice(3), environment));
  return end(0, log);
}

/** What is printed for `--help` and the like is a result as any other. */
async function parse(job: Job, log: LogSink, environment: Environment): Promise<ParseResult> {
  let printed = '';
  const { parseArguments } = await import('./options.ts'); // who completes a word does not wait for it
  const typed = process.argv.slice(2);
  const mayColour = wantsColour(environment) && !typed.includes('--no-color');
  const parsed = await parseArguments(job, typed, {
    isColoured: mayColour && isatty(1),
    version: holdfastVersion(),
    writeOut: (text) => void (printed += text),
    writeErr: (text) => log.write(mayColour && isatty(2) ? colouredLog(text) : text),
  });
  if (printed === '') return parsed;
  try {
    await writeResult(printed);
    return parsed;
  } catch (thrown) {
    const { describeFailure } = await import('./failure.ts');
    const { message, exitCode } = describeFailure(thrown, []);
    log.write(`${job.name}: error: ${message}\n`);
    return { exitCode };
  }
}

async function runEnding(
  invocation: Omit<Invocation, 'command'> & { command: EndingCommand },
  log: LogSink,
  environment: Environment,
): Promise<void> {
  const spare = invocation.command.readsRows === true ? await spareRows() : undefined;
  const [{ Interrupted }, { runJob }, { ask, askSecret, confirm, readInput }] = await Promise.all([
    import('./failure.ts'),
    import('./main.ts'),
    import('./prompt.ts'),
  ]);
  const { name } = invocation.job;
  const logIsTerminal = isatty(2) && !isPlainTerminal(environment);
  const stop = new AbortController();
  let signalled: StopSignal | undefined;
  let underWay: string | undefined;
  const handling = onStopSignals(ignoredSignals(ignoredSignalMask(environment)), (received) => {
    signalled = received;
    const first = underWay === undefined ? 'stopping cleanly' : `stopping when ${underWay}`;
    log.write(
      `${logIsTerminal ? cleared : ''}${name}: ${received} received, ${first} (again to stop at once)\n`,
    );
    stop.abort(new Interrupted(received));
  });
  // Thrown where nobody waits for it, such as in a callback of a socket: what is under way is put in order first.
  process.on('uncaughtException', (error) => stop.abort(error));
  process.on('beforeExit', () => {
    log.write(
      `${name}: error: this is a mistake in Holdfast: the work stands still, and nothing will wake it\n`,
    );
    process.exit(errorExitCodes.bug.code);
  });
  const mayColour = wantsColour(environment) && !invocation.withoutColour;
  const streams = {
    async writeResult(text: string) {
      // The work is over. A reader that does not read holds a write up, and may be given up at once.
      handling.undo();
      await log.flush(orderPatienceMs);
      await writeResult(mayColour && isatty(1) && invocation.format === 'text' ? coloured(text) : text);
    },
    writeLog: log.write,
    resultColumns: isatty(1) ? columnsOf(process.stdout) : undefined,
    logIsTerminal,
    logIsColoured: mayColour && isatty(2),
    logColumns: () => columnsOf(process.stderr),
    confirm: (question: string) => confirm(question, stop.signal),
    ask: (question: string) => ask(question, stop.signal),
    askSecret: isatty(0) && isatty(2) ? (question: string) => askSecret(question, stop.signal) : undefined,
    readInput(sizeBytesMax: number) {
      if (isatty(0)) log.write(`${name}: reading what is typed, until Ctrl-D\n`);
      return readInput(process.stdin, sizeBytesMax, stop.signal);
    },
    noteUnderWay: (what: string | undefined) => void (underWay = what),
    wait: realWait,
    signal: stop.signal,
    environment,
    attended: (await import('./attended.ts')).isAttended(environment),
    spare,
  };
  const exitCode = await runJob(invocation, streams, systemClock);
  await spare?.end();
  if (signalled === undefined || exitCode < 128) return end(exitCode, log);
  await log.flush(logPatienceMs);
  dieBy(signalled);
}

/** As wide as it is; a terminal that does not say is as wide as they always were. */
function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns || 80;
}

async function spareRows(): Promise<SpareProcess | undefined> {
  const { startSpareRows } = await import('../sqlite/rows/spare.ts');
  return startSpareRows();
}

/** Ends the process, also where something would keep it alive. */
async function end(exitCode: number, log: LogSink): Promise<never> {
  await log.flush(logPatienceMs);
  process.exit(exitCode);
}

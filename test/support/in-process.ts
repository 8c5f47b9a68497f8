// Runs a job in this process: what is tried then is the job and its frame, at an instant that the test decides, and not
// the start of a process.
import { Readable } from 'node:stream';
import type { Clock } from '../../lib/base/clock.ts';
import type { Job } from '../../lib/run/job.ts';
import { runJob } from '../../lib/run/main.ts';
import { parseArguments } from '../../lib/run/options.ts';
import { readInput } from '../../lib/run/prompt.ts';
import { realWait, type Wait } from '../../lib/run/wait.ts';
import { requireTypedHints } from './hints.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';
import type { Ended } from './world.ts';

export interface InProcessOptions {
  /** One that stands, unless given. */
  clock?: Clock;
  /** What the person at the terminal says; nobody is there unless given. */
  confirm?: (question: string) => Promise<boolean | undefined>;
  ask?: (question: string) => Promise<string | undefined>;
  /** The same without showing it; nobody sits at a terminal unless given. */
  askSecret?: (question: string) => Promise<string | undefined>;
  /** What is piped in; nothing unless given. */
  input?: string | Buffer;
  /** How wide the terminal is that the result goes to; it goes to a pipe unless given. */
  columns?: number;
  signal?: AbortSignal;
  /** Told what a stop would have to wait for. */
  noteUnderWay?: (what: string | undefined) => void;
  /** How waits are waited; unless given, a clock that stands goes on by them at once. */
  wait?: Wait;
  /** A person has typed it; nobody unless given. */
  attended?: boolean;
  /** The variables of the process; none but these where given. */
  environment?: Record<string, string>;
}

/** Types `<job> <args>` and returns how it ended. Never throws for a bad exit. */
export async function runInProcess(
  job: Job,
  args: readonly string[],
  options: InProcessOptions = {},
): Promise<Ended> {
  const { clock = fixedClock(), signal = new AbortController().signal } = options;
  const output = { stdout: '', stderr: '' };
  const writeResult = (text: string) => void (output.stdout += text);
  const writeLog = (text: string) => void (output.stderr += text);
  const parsed = await parseArguments(job, args, {
    version: '1.2.3',
    writeOut: writeResult,
    writeErr: writeLog,
  });
  if ('exitCode' in parsed) return { ...parsed, signal: null, ...output };
  const { command, ...run } = parsed.run;
  if (command.kind === 'service') throw new Error('a service is no run that ends');
  const streams = {
    writeResult,
    writeLog,
    attended: options.attended ?? false,
    logIsTerminal: false,
    logIsColoured: false,
    logColumns: () => 80,
    resultColumns: options.columns,
    confirm: options.confirm ?? (async () => undefined),
    ask: options.ask ?? (async () => undefined),
    askSecret: options.askSecret,
    readInput: (sizeBytesMax: number) =>
      readInput(Readable.from([Buffer.from(options.input ?? '')]), sizeBytesMax, signal),
    signal,
    noteUnderWay: options.noteUnderWay ?? (() => undefined),
    wait: options.wait ?? passing(clock),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  };
  const exitCode = await runJob({ command, ...run }, streams, clock);
  await requireTypedHints(output.stderr);
  return { exitCode, signal: null, ...output };
}

/** On a clock that stands time passes at once, on the machine's it takes its time. */
function passing(clock: Clock | FixedClock): Wait {
  if (!('advance' in clock)) return realWait;
  return async (ms, signal) => {
    signal.throwIfAborted();
    clock.advance(ms);
  };
}

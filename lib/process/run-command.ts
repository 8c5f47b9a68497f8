// Runs other programs. The only importer of execa.
import type { CommandRunner } from '../base/command.ts';
import { withoutSecrets } from '../base/secret-variables.ts';
import { requireGoodEnding } from './ending.ts';
import { keepTail } from './output-tail.ts';

/** How long a program may take to end by itself once it is asked to, before it is killed. */
const killAfterMs = 5000;

/** The CommandRunner of the real machine. */
export const runCommand: CommandRunner = async (command, args, options = {}) => {
  const { timeoutMs, signal, inheritFd, input, variables, acceptExitCodes, outputBytesMax } = options;
  signal?.throwIfAborted();
  const { child } = await startProgram(command, args, {
    stdio: [
      input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(inheritFd === undefined ? [] : [inheritFd]),
    ],
    ...(input === undefined ? {} : { input }),
    ...(variables === undefined ? {} : { variables }),
    timeoutMs,
    signal,
  });
  const stdout = keepTail(child.stdout, outputBytesMax);
  const stderr = keepTail(child.stderr, outputBytesMax);
  const ending = await child;
  const exitCode = requireGoodEnding(ending, {
    name: command,
    timeoutMs,
    signal,
    acceptExitCodes,
    output: stderr(),
  });
  return { exitCode, stdout: stdout(), stderr: stderr() };
};

type Stream = 'ignore' | 'pipe';
/** execa takes every open descriptor, but its types name only those up to 9. */
type ExecaStdio = readonly [Stream, Stream | 3, Stream | 3, ...3[]];

export interface ProgramOptions {
  /** What the program's descriptors 0, 1, 2 … are: nothing, a pipe, or an open descriptor of ours. */
  stdio: readonly [Stream, Stream | number, Stream | number, ...number[]];
  input?: string;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Where it runs, instead of `/`. */
  directory?: string;
  /** Variables beside ours; undefined takes one away. */
  variables?: Readonly<Record<string, string | undefined>>;
  /** All the variables it has, instead of ours without the secrets. */
  environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a program, in the directory `/` unless told otherwise. Awaiting `child` gives its ending and never throws; whatever goes through a
 * pipe has to be read. It is ended when the time is up, when the signal aborts, and when this process exits.
 */
export async function startProgram(command: string, args: readonly string[], options: ProgramOptions) {
  // Loading execa takes 60 ms, which a command that runs no other program (`--help`) should not pay.
  const { execa } = await import('execa');
  const child = execa(command, args, {
    // Not the caller's directory: a timer and a person get the same result, and a directory that has been removed
    // cannot make an installed program look missing.
    cwd: options.directory ?? '/',
    // An app's stop command has no business with our secrets, and might show its environment to others.
    env: options.environment ?? { ...withoutSecrets({}), ...options.variables },
    extendEnv: options.environment === undefined,
    stdio: options.stdio as ExecaStdio,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeout: Math.max(1, options.timeoutMs) }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    // A process group of its own, which is ended as a whole: Ctrl-C and the hangup of a terminal go to all of ours, and would
    // end the program that just stops or starts the app. When it ends is for us to say.
    killDescendants: true,
    forceKillAfterDelay: killAfterMs,
    buffer: false,
    reject: false,
  });
  return { child };
}

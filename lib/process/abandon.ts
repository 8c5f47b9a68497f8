// Asks a program that may never answer, and never end: one that touches a mount whose server is gone hangs in the kernel,
// where no signal reaches it. It is given up, and left to itself; this process can go on and end. (A thread of ours that
// hangs so cannot be given up: four of them stop every file operation of Node, and keep it from ending.)
import { spawn } from 'node:child_process';
import { OpsError, systemError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';

export interface AskOptions {
  /** After so long it is given up. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Exit codes that are answers and not failures. Without it only 0. */
  acceptExitCodes?: readonly number[];
}

/** What it said: of long output the beginning. */
export interface ProgramAnswer {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const outputBytesMax = 256 * 1024;

/**
 * Runs a program in the directory `/`, with the variables of this process (which holds no secrets there), and returns what it said. Throws OpsError `unavailable` where it
 * does not end within `timeoutMs` (it is killed, and not waited for), `missing` where it is not installed, `io` for any
 * other exit code than those that are accepted, and the signal's reason when that aborts.
 */
export async function askProgram(
  command: string,
  args: readonly string[],
  { timeoutMs, signal, acceptExitCodes = [0] }: AskOptions,
): Promise<ProgramAnswer> {
  signal?.throwIfAborted();
  const limit = Promise.withResolvers<never>();
  limit.promise.catch(() => undefined); // whoever waits is told
  const child = spawn(command, args, {
    cwd: '/',
    detached: true, // killed with all that it started
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const onAbort = () => limit.reject(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () =>
      limit.reject(
        new OpsError('unavailable', `cannot ask ${command}: no answer within ${formatDuration(timeoutMs)}`),
      ),
    timeoutMs,
  );
  const stdout = kept(child.stdout);
  const stderr = kept(child.stderr);
  try {
    const exitCode = await Promise.race([ended(child, command), limit.promise]);
    if (!acceptExitCodes.includes(exitCode)) throw failed(command, exitCode, stderr());
    return { exitCode, stdout: stdout(), stderr: stderr() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    letGo(child);
  }
}

function failed(command: string, exitCode: number, stderr: string): OpsError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new OpsError('io', `cannot ask ${command}: ${said === '' ? `it ended with ${exitCode}` : said}`);
}

/** Its exit code, once all of its output is read; 128 and more where a signal ended it. */
function ended(child: ReturnType<typeof spawn>, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(systemError(`run ${command}`, error) as Error));
    child.on('close', (code) => resolve(code ?? 128));
  });
}

/** It is killed where it still runs, and whether it ends is no concern of this process any more. */
function letGo(child: ReturnType<typeof spawn>): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function kept(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < outputBytesMax) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).subarray(0, outputBytesMax).toString();
}

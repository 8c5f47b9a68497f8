// Runs a program of the system that ends by itself and leaves nobody behind, such as flock(1). To load execa for it takes as
// long as the whole start of Node; what execa is for (its descendants, a patient end) such a program does not need.
import { spawn } from 'node:child_process';
import type { CommandRunner } from '../base/command.ts';
import { errorCode } from '../base/errors.ts';
import { withoutSecrets } from '../base/secret-variables.ts';
import { type Ending, requireGoodEnding } from './ending.ts';
import { keepTail } from './output-tail.ts';

/** As every CommandRunner; where its time is up, or the run aborts, it is killed. */
export const runBriefly: CommandRunner = async (command, args, options = {}) => {
  const { timeoutMs, signal, inheritFd, input, acceptExitCodes } = options;
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: '/',
    env: withoutSecrets(process.env),
    detached: true, // Ctrl-C and the hangup of a terminal are ours to answer
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal,
    stdio: ['pipe', 'pipe', 'pipe', ...(inheritFd === undefined ? [] : [inheritFd])],
  });
  child.stdin?.on('error', () => undefined); // it need not read what it is given
  child.stdin?.end(input);
  const stdout = keepTail(child.stdout);
  const stderr = keepTail(child.stderr);
  const ending = await endingOf(child, signal);
  const expected = { name: command, timeoutMs, signal, acceptExitCodes, output: stderr() };
  return { exitCode: requireGoodEnding(ending, expected), stdout: stdout(), stderr: stderr() };
};

function endingOf(child: ReturnType<typeof spawn>, signal: AbortSignal | undefined): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  child.on('error', (cause) => {
    // Of one that was started and is killed the end is waited for.
    if (child.pid === undefined)
      resolve({ timedOut: false, isCanceled: false, code: errorCode(cause), cause });
  });
  child.on('close', (code, by) => {
    const isCanceled = signal?.aborted === true;
    resolve({
      exitCode: code ?? undefined,
      signal: by ?? undefined,
      timedOut: child.killed && !isCanceled,
      isCanceled,
    });
  });
  return promise;
}

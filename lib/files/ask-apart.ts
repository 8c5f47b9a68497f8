// A question that may never be answered, put by a program of its own. A call on a mount whose server is gone keeps its thread in
// the kernel, where no signal reaches it, and a process that has such a thread cannot even end. So another process makes the
// call, and is given up when the time is over: killed, where that is possible, and waited for by nobody. For whatever may
// hang: mounts (`stat -f`), devices, programs that look at either (`df`). Not for work whose end somebody has to see.
import { spawn } from 'node:child_process';

/** How a program ended that answered in time. `exitCode` is undefined where a signal ended it. */
export interface AnswerApart {
  exitCode: number | undefined;
  /** What it wrote, at most 64 KiB of each. */
  stdout: string;
  stderr: string;
}

/** What somebody at a terminal waits for. A disk that has to spin up, and a server that is busy, answer sooner. */
export const answerMsMax = 15_000;

const outputMax = 64 * 1024;

/**
 * Starts a program, with no input and nothing of our environment, and resolves with how it ended; with undefined when it
 * has not ended after `timeoutMs`. It and what it started then go on, if nothing can end them, and keep nothing of ours waiting.
 * Rejects with the system's error where it cannot be started, and with the signal's reason on abort.
 */
export async function askApart(
  program: string,
  args: readonly string[],
  { timeoutMs = answerMsMax, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<AnswerApart | undefined> {
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    // A group of its own, to be ended as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const giveUp = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended in this moment.
    }
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  };
  return await new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const onAbort = () => {
      giveUp();
      settle(() => reject(signal?.reason as Error));
    };
    const timer = setTimeout(() => {
      giveUp();
      settle(() => resolve(undefined));
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('error', (error) => settle(() => reject(error)));
    child.on('close', (code) =>
      settle(() => resolve({ exitCode: code ?? undefined, stdout: stdout(), stderr: stderr() })),
    );
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < outputMax) chunks.push(chunk.subarray(0, outputMax - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

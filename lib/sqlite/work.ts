// Long SQLite work runs in a worker thread, so that signals, timers and progress stay alive beside it.
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type CrossingError, unpackError } from './crossing.ts';
import './open.ts'; // sets up SQLite for this process before a worker first uses it

/** What a worker posts. */
export type WorkerMessage<Result> =
  | { type: 'progress'; done: number; total: number }
  | { type: 'result'; result: Result }
  | { type: 'error'; error: CrossingError };

/** Work in progress: `result` settles once; after an abort it rejects at once. */
export interface WorkOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
  /**
   * Whether an abort waits until the thread has ended. Worth it where the thread creates files; not where it sits in
   * one long SQLite call, which cannot be interrupted.
   */
  waitForEnd: boolean;
  /** For how long at most; tests have less patience. */
  endWaitMs?: number;
}

/**
 * Longer than any step of a copy takes, on any disk. A thread in a call of the system that does not return (a pipe that was
 * put in the place of a file) is not ended before the process.
 */
const usualEndWaitMs = 30_000;

/** Runs the module `file` (beside this one) in a worker with `input` and resolves with the result it posts. */
export async function runWorker<Result>(file: string, input: unknown, options: WorkOptions): Promise<Result> {
  options.signal?.throwIfAborted();
  const { endWaitMs = usualEndWaitMs } = options;
  const worker = new Worker(new URL(file, import.meta.url), { workerData: input });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const onAbort = () => reject(options.signal?.reason as Error);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  worker.on('message', (message: WorkerMessage<Result>) => {
    if (message.type === 'progress') options.onProgress?.(message.done, message.total);
    else if (message.type === 'result') resolve(message.result);
    else reject(unpackError(message.error));
  });
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error(`the worker ${file} ended without a result`)));
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    const ended = worker.terminate();
    if (options.waitForEnd) await Promise.race([ended, delay(endWaitMs, undefined, { ref: false })]);
  }
}

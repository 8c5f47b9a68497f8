// The worker's side of lib/sqlite/work: takes the input, posts progress, the result or the reason there is none.
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { packError } from './crossing.ts';
import type { WorkerMessage } from './work.ts';

/** Runs `work` on this worker's input and posts how it ended. */
export async function serve<Input, Result>(
  work: (input: Input, progress: (done: number, total: number) => void) => Result | Promise<Result>,
): Promise<void> {
  const post = (message: WorkerMessage<Result>) => parentPort?.postMessage(message);
  try {
    const result = await work(workerData as Input, (done, total) => post({ type: 'progress', done, total }));
    // The thread is ended as soon as its result is there, which would leave nothing in the cache.
    flushCompileCache();
    post({ type: 'result', result });
  } catch (error) {
    post({ type: 'error', error: packError(error) });
  }
}

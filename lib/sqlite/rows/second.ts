// The second thread of the process that reads rows: it holds the same instant, and what is a lot is read by both.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Answer } from '../asked-process.ts';
import { unpackError } from '../crossing.ts';
import type { LiveSource } from '../live-reader.ts';
import type { SecondThread } from './instant.ts';
import type { SharedSources, ToldSources } from './sources.ts';
import type { SecondWriter, SharedLines } from './table-lines.ts';

export type SecondQuestion =
  | { about: 'open'; source: LiveSource }
  | { about: 'look' }
  | { about: 'begin' }
  | { about: 'sources'; shared: SharedSources }
  | { about: 'lines'; shared: SharedLines };

/** One question at a time. All reject with what was thrown there, or why it has ended. */
export interface Second extends SecondThread, SecondWriter {
  sources(shared: SharedSources): Promise<ToldSources>;
  close(): void;
}

/**
 * Starts it, to write to the descriptor, and does not wait until it is ready. Undefined where it would only take the first one's
 * time, or no thread is to be had.
 */
export function startSecond(descriptor: number, processors = availableParallelism()): Second | undefined {
  if (processors < 2) return undefined;
  const worker = started(descriptor);
  if (worker === undefined) return undefined;
  let pending: PromiseWithResolvers<unknown> | undefined;
  let task = '';
  let ended: { error: unknown } | undefined;
  const end = (error: unknown) => {
    ended ??= { error };
    pending?.reject(ended.error);
  };
  worker.on('message', (answer: Answer) => {
    if ('result' in answer) pending?.resolve(answer.result);
    else pending?.reject(unpackError(answer.error));
    pending = undefined;
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(new Error(`the second thread ended with code ${code}`)));
  worker.unref();
  const ask = async (question: SecondQuestion): Promise<unknown> => {
    if (ended !== undefined) throw ended.error;
    pending = Promise.withResolvers();
    worker.postMessage(question);
    return pending.promise;
  };
  return {
    async open(source) {
      task = String(await ask({ about: 'open', source }));
    },
    look: async () => void (await ask({ about: 'look' })),
    begin: async () => (await ask({ about: 'begin' })) === true,
    sources: async (shared) => (await ask({ about: 'sources', shared })) as ToldSources,
    isThere: () => existsSync(task),
    share: (shared) => ask({ about: 'lines', shared }),
    close: () => void worker.terminate(),
  };
}

function started(descriptor: number): Worker | undefined {
  try {
    return new Worker(new URL('./second-worker.ts', import.meta.url), { workerData: descriptor });
  } catch {
    return undefined;
  }
}

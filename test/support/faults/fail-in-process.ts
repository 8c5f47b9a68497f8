// Faults in this process: what is tried is the code that meets them, not the end of a process. One run at a time.
import type { Operation } from './run-with-faults.ts';

/** A fault of a run in this process: an interrupt, or an error with which the call fails. */
export interface CallFault {
  at: number;
  kind: 'int-before' | 'enospc' | 'eio' | 'eperm' | 'exdev';
  /** Called for an interrupt, when the loop of events would hear of the signal. */
  interrupt?: () => void;
}

interface Watcher {
  before(operation: Operation): Error | undefined;
  after(operation: Operation): void;
}

const load = async (name: string): Promise<unknown> => import(new URL(name, import.meta.url).href);
const { watchCalls } = (await load('watch-calls.mjs')) as {
  watchCalls: (watcher: Watcher | undefined) => Promise<void>;
};
const { createPlan } = (await load('fault-plan.mjs')) as {
  createPlan: (plan: {
    at: number;
    kind: string | undefined;
    note: (operation: { number: number; name: string; path: string }) => void;
    send: (signal: string) => void;
  }) => Watcher;
};

/** Runs it with a fault, and returns its result and every call it made that changes something. */
export async function withFault<Result>(
  fault: CallFault | undefined,
  run: () => Promise<Result>,
): Promise<{ result: Result; operations: Operation[] }> {
  const operations: Operation[] = [];
  await watchCalls(
    createPlan({
      at: fault?.at ?? 0,
      kind: fault?.kind,
      note: ({ number, name, path }) => {
        operations.push({ number, thread: 'main', name, file: path.slice(path.lastIndexOf('/') + 1) });
      },
      send: () => setImmediate(() => fault?.interrupt?.()),
    }),
  );
  try {
    return { result: await run(), operations };
  } finally {
    await watchCalls(undefined);
  }
}

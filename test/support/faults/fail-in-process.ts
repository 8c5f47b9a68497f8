// Faults in this process: what is tried is the code that meets them, not the end of a process. One run at a time.
import type { FaultKind, Operation } from './run-with-faults.ts';

/** A fault of a run in this process, at one of its calls. */
export interface CallFault {
  at: number;
  /** A run that is killed stands still for ever: what it leaves on the disk is what a kill leaves. */
  kind: FaultKind;
  /** Called for an interrupt, when the loop of events would hear of the signal. */
  interrupt?: () => void;
}

/** One call, as it is made: with the whole path. */
export interface Call {
  name: string;
  path: string;
}

interface Watcher {
  before(call: Call): Error | Promise<never> | undefined;
  after(call: Call): Promise<never> | undefined;
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
    send: (signal: string) => Promise<never> | undefined;
  }) => Watcher;
};

/** Whoever waits for it is kept, with the files that are open there. */
const forever = new Promise<never>(() => {});

/** How a run ended, and every call it made that changes something. */
export interface Met<Result> {
  /** Undefined when it was killed. */
  result: Result | undefined;
  operations: Operation[];
}

/** Runs it with a fault. Throws what it throws. `made` is told of each call when it was made. */
export async function withFault<Result>(
  fault: CallFault | undefined,
  run: () => Promise<Result>,
  made: (call: Call) => void = () => undefined,
): Promise<Met<Result>> {
  const operations: Operation[] = [];
  const killed = Promise.withResolvers<undefined>();
  let isKilled = false;
  const plan = createPlan({
    at: fault?.at ?? 0,
    kind: fault?.kind,
    note: ({ number, name, path }) => {
      operations.push({ number, thread: 'main', name, file: path.slice(path.lastIndexOf('/') + 1) });
    },
    send: (signal) => {
      if (signal !== 'SIGKILL') return void setImmediate(() => fault?.interrupt?.());
      isKilled = true;
      killed.resolve(undefined);
      return forever;
    },
  });
  // What else a killed run has under way stands still with it.
  await watchCalls({
    before: (call) => (isKilled ? forever : plan.before(call)),
    after(call) {
      if (isKilled) return forever;
      made(call);
      return plan.after(call);
    },
  });
  try {
    const result = await Promise.race([run(), killed.promise]);
    if (isKilled) await new Promise(setImmediate);
    return { result, operations };
  } finally {
    await watchCalls(undefined);
  }
}

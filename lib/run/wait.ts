// Waiting, as long as nobody tells the process to stop.
import { setTimeout as delay } from 'node:timers/promises';

/** Returns after `ms`, or throws the signal's reason when it aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** By the machine's timers. They take at most 24 days; nothing here waits longer. */
export const realWait: Wait = async (ms, signal) => {
  await delay(Math.min(ms, 2 ** 31 - 1), undefined, { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
};

// An optional limit on the bytes per second, so that a nightly upload leaves the household its connection.
import type { Clock } from './clock.ts';

/** Returns when `bytes` more may pass. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>;

/** The bytes that may pass at once after a pause: a fifth of a second's worth. */
const burstSeconds = 0.2;

/** A pace of `bytesPerSecond` over all that asks for it, both directions together; without a limit, none. */
export function createPace(
  bytesPerSecond: number | undefined,
  clock: Clock,
  wait: (ms: number, signal: AbortSignal) => Promise<void>,
): Pace {
  if (bytesPerSecond === undefined) return () => Promise.resolve();
  /** When everything let through so far will have passed at the limit. */
  let busyUntilMs = 0;
  return async (bytes, signal) => {
    const now = clock.monotonicMs();
    busyUntilMs = Math.max(busyUntilMs, now - burstSeconds * 1000) + (bytes / bytesPerSecond) * 1000;
    if (busyUntilMs > now) await wait(busyUntilMs - now, signal);
  };
}

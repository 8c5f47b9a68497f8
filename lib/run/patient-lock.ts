// The lock of an app, for whoever meets an hourly run: that one is over in a moment, and comes often.
import type { Log } from '../base/log.ts';
import { acquireLock, HeldByRun, type HeldLock, type LockRequest } from '../lock/lock.ts';
import type { Wait } from './wait.ts';

/** What an hourly run holds the lock for. */
export const hourlyPurpose = 'db-backup hourly';

/** Far more than an increment takes. Whoever meets a full that takes hours is busy then, as with any other run. */
const patienceMs = 15 * 60_000;
const lookMs = 10_000;

/**
 * Takes the lock as `acquireLock` does, but waits for an hourly run that has it, a quarter of an hour at most. An hourly run
 * itself waits for nobody.
 */
export async function acquirePatiently(
  request: LockRequest & { signal: AbortSignal },
  { wait, log }: { wait: Wait; log: Log },
): Promise<HeldLock> {
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    try {
      return await acquireLock(request);
    } catch (error) {
      const mayWait = error instanceof HeldByRun && error.purpose === hourlyPurpose;
      if (!mayWait || request.purpose === hourlyPurpose || waitedMs >= patienceMs) throw error;
      if (waitedMs === 0) log.info(`waiting for the hourly run: ${error.message}`);
      await wait(lookMs, request.signal);
    }
  }
}

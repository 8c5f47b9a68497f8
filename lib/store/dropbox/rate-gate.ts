// One gate that every request passes: a 429 to one of them closes it for all, until the time Dropbox named is over.
import { OpsError } from '../../base/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { formatDuration } from '../../base/format.ts';
import type { Log } from '../../base/log.ts';
import type { StoreTraffic } from '../store.ts';

/** What waiting needs. */
export interface Waiting {
  clock: Clock;
  log: Log;
  traffic: StoreTraffic;
  /** Returns after `ms`, or throws the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** The end of the whole job, on the clock's monotonic count. */
  deadlineAtMs: number;
}

export class RateGate {
  readonly #waiting: Waiting;
  #opensAtMs = 0;

  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  /** Closes the gate for `ms` from now; never opens it earlier than it would have. */
  close(ms: number): void {
    const { clock, log } = this.#waiting;
    const opensAtMs = clock.monotonicMs() + ms;
    if (opensAtMs <= this.#opensAtMs) return;
    this.#opensAtMs = opensAtMs;
    log.info('Dropbox asks to wait', { for: formatDuration(ms) });
  }

  /** Returns when the gate is open. Throws OpsError `unavailable` at once when that is after the job's deadline. */
  async pass(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const ms = this.#opensAtMs - this.#waiting.clock.monotonicMs();
      if (ms <= 0) return;
      await this.sleep(ms, signal);
    }
  }

  /** Whether a wait of `ms` would end after the job's deadline. */
  isTooLong(ms: number): boolean {
    const { clock, deadlineAtMs } = this.#waiting;
    return clock.monotonicMs() + ms > deadlineAtMs;
  }

  /** Waits, and counts it as such. Throws OpsError `unavailable` when the deadline comes first. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { wait, traffic } = this.#waiting;
    if (this.isTooLong(ms)) {
      throw new OpsError(
        'unavailable',
        `cannot wait for Dropbox: it asks for ${formatDuration(ms)} more, and the deadline of this run comes first`,
        {
          hint: 'what was stored before is untouched; run it again later, or raise deadline_minutes under [store]',
        },
      );
    }
    traffic.waitedMs += ms;
    await wait(ms, signal);
  }
}

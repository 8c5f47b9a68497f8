// A clock that stands still until the test moves it.
import type { Clock } from '../../lib/base/clock.ts';

export interface FixedClock extends Clock {
  /** Moves both the time of day and the monotonic count. */
  advance(ms: number): void;
}

export function fixedClock(start = '2026-11-20T02:05:13Z'): FixedClock {
  let passedMs = 0;
  return {
    now: () => new Date(Date.parse(start) + passedMs),
    monotonicMs: () => passedMs,
    advance: (ms) => (passedMs += ms),
  };
}

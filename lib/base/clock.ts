// The only reader of time. Jobs and adapters receive a Clock, so a test can decide what time it is.

/** Wall-clock time for names and records; a monotonic count for durations, which a clock step cannot bend. */
export interface Clock {
  /** The current instant. */
  now(): Date;
  /** Milliseconds from an arbitrary start; only differences mean something. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

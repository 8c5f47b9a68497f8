// How long a sender waits after trouble: a random time up to a limit that doubles, so that many who lost one receiver do not
// come back in one second (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "full jitter").

const firstMs = 2000;
const longestMs = 300_000;

/** What is known of it. */
export interface Failed {
  /** So many in a row, from 1. */
  readonly failures: number;
  /** From 0 up to 1. */
  readonly random: number;
  /** What the receiver asks for is the least. */
  readonly askedMs?: number | undefined;
  /** The pause between two cycles, where nobody was reached: no receiver is spared by waiting, and a link that is there for a minute
   * must not be slept through. */
  readonly everyMs?: number | undefined;
}

/** The pause after so many failures in a row. */
export function pauseMs({ failures, random, askedMs = 0, everyMs = Infinity }: Failed): number {
  const limitMs = Math.min(longestMs, everyMs / 2, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 20));
  return Math.max(Math.ceil(random * limitMs), askedMs);
}

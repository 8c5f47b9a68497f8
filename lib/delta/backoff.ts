// How long a sender waits after trouble: a random time up to a limit that doubles, so that many who lost one receiver do not
// come back in one second (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "full jitter").

const firstMs = 2000;
const longestMs = 300_000;

/** The pause after so many failures in a row, from 1. `random` is from 0 up to 1. What the receiver asks for is the least. */
export function pauseMs(failures: number, random: number, askedMs = 0): number {
  const limitMs = Math.min(longestMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 20));
  return Math.max(Math.ceil(random * limitMs), askedMs);
}

// For tests that make one backup after the other: a backup is named by its second, and the next one must get another name.
import { setTimeout as delay } from 'node:timers/promises';

/** The second of the clock that an instant lies in, counted as the clock counts. */
export function secondOf(instantMs: number): number {
  return Math.floor(instantMs / 1000);
}

/** Returns in the next second of the clock. */
export function secondIsOver(): Promise<void> {
  return secondOver(secondOf(Date.now()));
}

/** Returns when that second is over, at once when it is. */
export async function secondOver(second: number): Promise<void> {
  // Asked again, because a timer may come a moment early.
  while (secondOf(Date.now()) === second) await delay(1000 - (Date.now() % 1000));
}

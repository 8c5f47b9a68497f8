// For tests that make one backup after the other.
import { setTimeout as delay } from 'node:timers/promises';

/** Returns in the next second of the clock: a backup is named by its second, and the next one must get another name. */
export async function secondIsOver(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  // Asked again, because a timer may come a moment early.
  while (Math.floor(Date.now() / 1000) === second) await delay(1000 - (Date.now() % 1000));
}

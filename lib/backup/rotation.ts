// Which backup the next restore drill should take, so that in time every one of them has been restored once.
import { newestFirst } from './order.ts';

/**
 * The backup to drill next: the newest that was never drilled, else the one whose last drill is longest ago;
 * undefined when there is none. `proven` are the backups that can be drilled, `drills` those that passed; drills of
 * backups that are gone do not matter.
 */
export function nextDrill(
  proven: readonly { name: string; takenAt: Date }[],
  drills: readonly { name: string; at: Date }[],
): string | undefined {
  const lastDrillMs = new Map<string, number>();
  for (const { name, at } of drills) {
    lastDrillMs.set(name, Math.max(at.getTime(), lastDrillMs.get(name) ?? -Infinity));
  }
  const drilledMs = (name: string) => lastDrillMs.get(name) ?? -Infinity;
  let next: string | undefined;
  for (const { name } of [...proven].sort(newestFirst)) {
    if (next === undefined || drilledMs(name) < drilledMs(next)) next = name;
  }
  return next;
}

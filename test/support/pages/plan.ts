// Which backups retention lets go of a list, as `db-backup prune` asks it.
import { type CatalogueEntry, isSuspect, storedPartOf } from '../../../lib/backup/catalogue.ts';
import type { RetentionPlan, RetentionPolicy } from '../../../lib/backup/retention.ts';
import type { House } from './house.ts';

export function planOf(
  { retentionPlan }: House,
  entries: readonly CatalogueEntry[],
  policy: RetentionPolicy,
  now: Date,
): RetentionPlan {
  const candidates = entries.filter(({ state }) => ['proven', 'suspect', 'future'].includes(state));
  return retentionPlan({
    backups: candidates.map((entry) => ({
      ...{ name: entry.name, takenAt: entry.takenAt, suspect: isSuspect(entry) },
      base: storedPartOf(entry)?.pages?.base?.name,
    })),
    ...{ policy, now, timeZone: 'UTC', clock: 'synchronised' },
  });
}

// How the series of an app in pages stands, and what a restore to each of its backups reads: by the list of the store.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { storedPartOf } from '../../../lib/backup/catalogue.ts';
import { chainOf } from '../../../lib/backup/chain.ts';
import { standingOf } from '../../../lib/backup/full-due.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { PagesFacts, RestoreNeed } from '../../../lib/report/facts.ts';

/** Undefined where the store has nothing in pages. */
export function pagesFacts(
  { pages: policy }: GuardedApp,
  entries: readonly CatalogueEntry[],
  timeZone: string,
): PagesFacts | undefined {
  const needs = entries.filter(({ state }) => state === 'proven').flatMap((entry) => needOf(entry, entries));
  const { full, increments, due } = standingOf(entries, { policy, timeZone });
  if (needs.length === 0 && full === undefined) return undefined;
  return {
    full: full && { takenAt: full.takenAt, storedBytes: full.storedBytes },
    ...{ increments, due },
    needs: needs.reverse(),
  };
}

/** What is proven has a whole chain: the list has seen to it. */
function needOf(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): RestoreNeed[] {
  const pages = storedPartOf(entry)?.pages;
  if (pages === undefined) return [];
  const chain = chainOf(entry, entries);
  return [
    {
      at: entry.takenAt,
      level: pages.level,
      addedBytes: entry.storedBytes,
      readBytes: chain.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
      backups: chain.length,
    },
  ];
}

// How the series of an app in pages stands, and what a restore to each of its backups reads: by the list of the store.
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { standingOf } from '../../../lib/backup/full-due.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { PagesFacts, RestoreNeed } from '../../../lib/report/facts.ts';
import { neededAmong } from '../../steps/needed-backups.ts';

/** Undefined where the store has nothing in pages. */
export function pagesFacts(
  { pages: policy }: GuardedApp,
  entries: readonly CatalogueEntry[],
  timeZone: string,
): PagesFacts | undefined {
  const neededFor = neededAmong(entries);
  const proven = entries.filter(({ state }) => state === 'proven');
  const needs = proven.flatMap((entry): RestoreNeed[] => {
    const { fetchBytes, chain = [] } = neededFor(entry);
    const level = chain.at(-1)?.level;
    if (level === undefined) return [];
    const { takenAt: at, storedBytes: addedBytes } = entry;
    return [{ at, level, addedBytes, readBytes: fetchBytes, backups: chain.length }];
  });
  const { full, increments, due } = standingOf(entries, { policy, timeZone });
  if (needs.length === 0 && full === undefined) return undefined;
  return {
    full: full && { takenAt: full.takenAt, storedBytes: full.storedBytes },
    ...{ increments, due },
    needs: needs.reverse(),
  };
}

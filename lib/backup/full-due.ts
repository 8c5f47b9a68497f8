// Since when a series has been due for a new full, by what the store lists alone: what a machine knows of its own series may be
// lost, or be the very thing that is wrong.
import { type CatalogueEntry, storedPartOf } from './catalogue.ts';
import { areMost, costTooMuch, isInLaterPeriod } from './pages-policy.ts';
import type { PagesPart } from './stored-part.ts';

/** How the newest full of an app stands. */
export interface FullStanding {
  /** Undefined where the store has none that can be built on. */
  full: { name: string; takenAt: Date; storedBytes: number } | undefined;
  /** Of the increments on it that are there. */
  increments: { count: number; storedBytes: number };
  /** The first increment that was made though a full was due, and why it was; undefined where none is due. */
  due: { since: Date; why: string } | undefined;
}

type Calendar = Parameters<typeof isInLaterPeriod>[2];

interface Member {
  entry: CatalogueEntry;
  pages: PagesPart;
}

/**
 * By `entries` as the list has them. What was pruned since is not counted, so that increments may cost too much for a while before
 * it is seen: never the other way.
 */
export function standingOf(entries: readonly CatalogueEntry[], calendar: Calendar): FullStanding {
  const members = entries.flatMap((entry): Member[] => {
    const pages = storedPartOf(entry)?.pages;
    return pages !== undefined && isWhole(entry) ? [{ entry, pages }] : [];
  });
  const newest = members.find(({ entry, pages }) => pages.level === 0 && entry.state === 'proven');
  if (newest === undefined)
    return { full: undefined, increments: { count: 0, storedBytes: 0 }, due: undefined };
  const { name, takenAt, storedBytes } = newest.entry;
  const own = members
    .filter(({ pages }) => pages.full?.name === name)
    .sort((a, b) => a.pages.sequence - b.pages.sequence);
  return {
    full: { name, takenAt, storedBytes },
    increments: {
      count: own.length,
      storedBytes: own.reduce((sum, { entry }) => sum + entry.storedBytes, 0),
    },
    due: firstDue(newest, own, calendar),
  };
}

/** The first in order of which it can be told that a full was due before it was made. */
function firstDue(full: Member, own: readonly Member[], calendar: Calendar): FullStanding['due'] {
  let madeBytes = 0;
  for (const { entry, pages } of own) {
    const since = entry.takenAt;
    if (costTooMuch(madeBytes, full.entry.storedBytes))
      return { since, why: 'the increments cost more than half of it' };
    if (isInLaterPeriod(since, full.entry, calendar))
      return { since, why: 'a new one is wanted with each week or month' };
    // On the full itself, which holds every page that there was.
    if (pages.level === 1 && areMost(pages.changedPages, full.pages.changedPages))
      return { since, why: 'more than half of its pages have changed' };
    madeBytes += entry.storedBytes;
  }
  return undefined;
}

function isWhole({ state }: CatalogueEntry): boolean {
  return state === 'proven' || state === 'suspect';
}

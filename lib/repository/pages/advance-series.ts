// What is known of a series once a backup stands, pure.
import { canBeBase, type PagesPolicy } from '../../backup/pages-policy.ts';
import type { KnownBase, SeriesState } from '../../backup/series.ts';
import { isSuspect } from '../../backup/catalogue.ts';
import { isSealed } from '../../backup/sealed-manifest.ts';
import { storedBytes } from '../../backup/stored-part.ts';
import { placeOf, type Spooled } from './spooled.ts';

/** Whether nothing may be based on it. */
function isSuspectOne({ manifest }: Pick<Spooled, 'manifest'>): boolean {
  return isSuspect(isSealed(manifest) ? { sealed: manifest } : { manifest });
}

/**
 * What is known when this backup stands; undefined where it changes nothing: a suspect full begins no series to go on with, and
 * an increment of a series of which nothing is known any more is the last of it.
 */
export function advanceSeries(
  known: SeriesState | undefined,
  spooled: Spooled,
  levels: PagesPolicy['levels'],
): SeriesState | undefined {
  const { pages, objects, link } = placeOf(spooled);
  const { series, sequence, level } = pages;
  const { pageSize, pageCount } = spooled;
  const base: KnownBase = { ...link, level, sequence, pageSize, pageCount };
  if (level === 0) {
    if (isSuspectOne(spooled)) return undefined;
    const { takenAt } = spooled.manifest;
    const full = { ...link, takenAt, storedBytes: storedBytes({ objects }) };
    return { series, full, head: { ...link, sequence }, incrementBytes: 0, bases: [base] };
  }
  if (known?.series !== series) return undefined;
  if (known.head.sequence >= sequence) return known; // a run that was killed had come as far
  return {
    ...known,
    head: { ...link, sequence },
    incrementBytes: known.incrementBytes + storedBytes({ objects }),
    // On what is as high as this one nothing is built any more.
    bases:
      isSuspectOne(spooled) || !canBeBase(level, levels)
        ? known.bases
        : [...known.bases.filter((other) => other.level < level), base],
  };
}

// Whether all that a backup builds on is still there, looked at once more before its manifest makes it one.
import { type CatalogueEntry, storedPartOf } from '../../backup/catalogue.ts';
import { storedId } from '../../backup/stored-part.ts';
import { placeOf, type Spooled } from './spooled.ts';

/**
 * Why this backup must not stand on what the store lists now; undefined where it may. Of the base all that is below it was judged
 * with it. Another backup in its place in the series is that of another machine, which took the same head for its own.
 */
export function foundationProblem(spooled: Spooled, entries: readonly CatalogueEntry[]): string | undefined {
  const { pages, link } = placeOf(spooled);
  if (pages.base === undefined) return undefined;
  const { name, id } = pages.base;
  const base = entries.find((entry) => entry.name === name);
  const stored = base && storedPartOf(base);
  if (base === undefined || stored === undefined) return `its base ${name} is no longer in the store`;
  if (storedId(stored.objects) !== id) return `its base ${name} is another backup by now`;
  if (base.state !== 'proven' && base.state !== 'future')
    return `its base ${name} is ${base.state} by now${base.problem === undefined ? '' : `: ${base.problem}`}`;
  const other = entries.find((entry) => {
    const theirs = storedPartOf(entry)?.pages;
    return theirs?.series === pages.series && theirs.sequence >= pages.sequence && entry.name !== link.name;
  });
  return other && `${other.name} was made meanwhile, by another machine that writes this series`;
}

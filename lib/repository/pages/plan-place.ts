// What the next backup in pages is to be, with all that is needed to make it.
import {
  type KnownBase,
  choosePlace,
  type FullPlace,
  type IncrementPlace,
  type SeriesState,
} from '../../backup/series.ts';
import type { CatalogueEntry } from '../../backup/catalogue.ts';
import { isSealedName } from '../../backup/name.ts';
import type { RepositoryOptions } from '../options.ts';
import type { Manifest } from '../../backup/manifest.ts';
import { changedPages, type PageDigests } from './page-digests.ts';
import { countPages, type PageRuns } from './page-runs.ts';
import type { PagesState } from './pages-state.ts';

/** A full to be made, or an increment with what it is made of. */
export type PlannedPlace =
  | { kind: 'full'; why: string }
  | {
      kind: 'increment';
      series: SeriesState;
      place: IncrementPlace;
      pages: PageRuns;
      /** Of the full, where they are whole: only with them its copy here can be used. */
      digestsOfFull: PageDigests | undefined;
    };

/** Plans the place of the database with these digests. */
export async function planPlace(
  { naming, pages: policy, seal }: RepositoryOptions,
  state: PagesState,
  {
    manifest,
    digests,
    entries,
  }: { manifest: Manifest; digests: PageDigests; entries: readonly CatalogueEntry[] },
): Promise<PlannedPlace> {
  const series = await state.readSeries();
  if (series !== undefined && isSealedName(series.full.name) !== isSealedName(manifest.backup))
    return {
      kind: 'full',
      why: isSealedName(manifest.backup) ? 'backups are sealed from now on' : 'backups are no longer sealed',
    };
  const kept = await readBases(state, series);
  const runs = new Map<string, PageRuns>();
  const runsOf = ({ name }: KnownBase) => {
    const base = kept.get(name);
    const found =
      runs.get(name) ?? (base === undefined ? [[0, digests.pageCount]] : changedPages(base, digests));
    runs.set(name, found);
    return found;
  };
  const chosen = choosePlace({
    ...{ entries, policy, timeZone: naming.timeZone, now: manifest.takenAt },
    state: series && { ...series, bases: series.bases.filter(({ name }) => kept.has(name)) },
    ...{ pageSize: digests.pageSize, pageCount: digests.pageCount },
    recipients: seal?.recipients,
    changedOf: (base) => countPages(runsOf(base)),
  });
  const place = placeFor(chosen, manifest.suspect.length > 0);
  if (place.kind === 'full' || series === undefined)
    return { kind: 'full', why: place.kind === 'full' ? place.why : '' };
  return {
    kind: 'increment',
    series,
    place,
    pages: runsOf(place.base),
    digestsOfFull: kept.get(series.full.name),
  };
}

/** What is suspect shall not begin a series, where it need not. */
function placeFor(chosen: FullPlace | IncrementPlace, isSuspect: boolean): FullPlace | IncrementPlace {
  return isSuspect && chosen.kind === 'full' ? (chosen.instead ?? chosen) : chosen;
}

/** The digests of what can be built on; of another backup than is meant, or not whole, they are as good as lost. */
async function readBases(
  state: PagesState,
  series: SeriesState | undefined,
): Promise<Map<string, PageDigests>> {
  const found = new Map<string, PageDigests>();
  for (const { name, id, pageSize, pageCount } of series?.bases ?? []) {
    const kept = await state.readDigests(name);
    if (kept?.backup.name !== name || kept.backup.id !== id) continue;
    const { digests } = kept;
    if (digests.pageSize === pageSize && digests.pageCount === pageCount) found.set(name, digests);
  }
  return found;
}

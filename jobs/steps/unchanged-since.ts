// What need not be stored: the store has a backup of the very same database already.
import { isDeepStrictEqual } from 'node:util';
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { standingOf } from '../../lib/backup/full-due.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { type BackupFormat, formatByName, isSealedName } from '../../lib/backup/name.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import type { BackupOrder } from './back-up-app.ts';
import type { Judgement } from './judge.ts';
import type { ProvenSnapshot } from './snapshot.ts';

/** What is to be stored, and what is said of it. */
interface Candidate {
  order: BackupOrder;
  snapshot: ProvenSnapshot;
  suspect: readonly string[];
  judgement: Judgement;
}

/** In which formats the newest backup is of the very same database, and what its manifest says. */
export function unchangedSince(
  context: JobContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
  { order, snapshot, suspect, judgement }: Candidate,
): Map<BackupFormat, Manifest> {
  const known = new Map<BackupFormat, Manifest>();
  const isSealed = context.config.encryption !== undefined;
  // Who gives it a name or a note wants one, and what was accepted is to be written down.
  if (order.label !== undefined || order.note !== undefined) return known;
  if (judgement.accepted.length > 0) return known;
  for (const format of order.formats) {
    // One in clear is none of what is to be sealed from now on, nor the other way round.
    const ofFormat = entries.filter(
      ({ name }) => formatByName(name) === format && isSealedName(name) === isSealed,
    );
    const same =
      suspect.length > 0
        ? sameSuspect(ofFormat, snapshot, suspect)
        : sameProven(context, app, ofFormat, { format, order, snapshot });
    if (same !== undefined) known.set(format, same);
  }
  return known;
}

/**
 * In the classic layout, which keeps the newest N, a night without changes makes no new backup: N equal ones would push
 * out the last different one. The app layout keeps by days and needs one a night to tell that there was one.
 */
export function isUnchangedNight(
  { layout }: GuardedApp,
  previous: CatalogueEntry | undefined,
  { order, snapshot: { digest } }: Pick<Candidate, 'order' | 'snapshot'>,
): boolean {
  return layout === 'classic' && order.refreshLatest && previous?.manifest?.sha256 === digest.sha256;
}

/**
 * Nothing new to store; but the latest copy must be what it would have been. Of one that is sealed nobody can tell: it is made
 * anew.
 */
export async function keepLatest(
  store: Store,
  repository: Repository,
  latest: string | undefined,
  { snapshot: { digest: file }, scratch }: { snapshot: ProvenSnapshot; scratch: Scratch },
): Promise<void> {
  if (latest === undefined) return;
  const found = await store.stat(latest);
  const isThere =
    found?.sizeBytes === file.sizeBytes && (found.contentHash ?? file.contentHash) === file.contentHash;
  const blocked = isThere ? undefined : await repository.refreshLatest({ file, scratch });
  if (blocked !== undefined) throw blocked;
}

/**
 * The newest proven one. In pages nothing is ever stored of what has not changed, but where a full that is due has its window: that
 * goes on beside an increment, though there is nothing in it.
 */
function sameProven(
  { config: { timeZone } }: JobContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
  { format, order, snapshot }: Pick<Candidate, 'order' | 'snapshot'> & { format: BackupFormat },
): Manifest | undefined {
  const newest = entries.find(({ state }) => state === 'proven');
  const mayBeKept =
    format === 'pages'
      ? order.until === undefined || standingOf(entries, { policy: app.pages, timeZone }).due === undefined
      : !order.storesUnchanged || isUnchangedNight(app, newest, { order, snapshot });
  return mayBeKept && newest?.manifest?.sha256 === snapshot.digest.sha256 ? newest.manifest : undefined;
}

/**
 * The newest backup, where it is of the very same database and suspect for the same reasons. Nothing is pruned until somebody
 * decides: a copy a night of what did not change would fill the store meanwhile.
 */
function sameSuspect(
  [newest]: readonly CatalogueEntry[],
  { digest }: ProvenSnapshot,
  suspect: readonly string[],
): Manifest | undefined {
  if (newest?.state !== 'suspect') return undefined;
  const { manifest } = newest;
  const isSameDatabase = manifest?.sha256 === digest.sha256 && newest.named !== true;
  return isSameDatabase && isDeepStrictEqual(manifest.suspect, suspect) ? manifest : undefined;
}

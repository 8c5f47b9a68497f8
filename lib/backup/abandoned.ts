// Objects in pages of backups that never came to be: the run that was to write their manifest is not coming back.
import type { CatalogueNaming, ListedFile } from './catalogue.ts';
import { backupOfPart, formatByName, manifestName, parseBackupName } from './name.ts';

/** So long a full may take over many nights, on whichever machine, without another of its objects arriving. */
const patienceMs = 14 * 24 * 3_600_000;

/** What lies in the store of one of them. */
interface Abandoned<File extends ListedFile> {
  backup: string;
  objects: File[];
}

/**
 * Those in `listing`: of exactly a name that we give, without a manifest, not among those `underWay`, and so old that nobody
 * can be at work on them. How old is asked of the store's own times as well, so that a clock which is ahead makes none old.
 */
export function abandonedObjects<File extends ListedFile>(
  listing: readonly File[],
  naming: CatalogueNaming,
  { underWay, now }: { underWay: ReadonlySet<string>; now: Date },
): Abandoned<File>[] {
  // A classic name does not say whose it is.
  if (naming.layout === 'classic') return [];
  const names = new Set(listing.map(({ name }) => name));
  const storeNowMs = Math.max(...listing.map(({ modifiedAt }) => modifiedAt.getTime()));
  const nowMs = Math.min(now.getTime(), storeNowMs);
  const byBackup = Map.groupBy(listing, ({ name }) => backupOfPart(name) ?? name);
  return [...byBackup]
    .filter(([backup, objects]) => {
      const taken = formatByName(backup) === 'pages' ? parseBackupName(backup, naming) : undefined;
      if (taken === undefined || names.has(manifestName(backup)) || underWay.has(backup)) return false;
      const times = [taken.takenAt, ...objects.map(({ modifiedAt }) => modifiedAt)].map((at) => at.getTime());
      return nowMs - Math.max(...times) >= patienceMs;
    })
    .map(([backup, objects]) => ({ backup, objects }));
}

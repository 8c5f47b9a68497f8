// The listing of a store and the manifests in it joined: every backup of one app, each with its state.
import {
  type CatalogueEntry,
  type CatalogueNaming,
  type Circumstances,
  dataEnding,
  type ListedFile,
} from './catalogue.ts';
import { judgeChains } from './chain.ts';
import {
  entryWithManifest,
  entryWithoutManifest,
  foreignEntry,
  isOfAnotherApp,
  lostEntry,
  type ReadManifest,
} from './judge-file.ts';
import { NoManifest } from './manifest.ts';
import { backupOfPart, backupPrefix, labelOf, manifestName, parseBackupName } from './name.ts';
import { newestFirst } from './order.ts';
import { verdictName } from './verdict.ts';

/**
 * The manifests in a listing that may be ours: those whose data file would have a name that Holdfast or, with its help, a person
 * gives, whether it is there or not, and those beside a data file of any other name.
 */
export function manifestNames(listing: readonly { name: string }[], naming: CatalogueNaming): string[] {
  const names = new Set(listing.map(({ name }) => name));
  return [...names].filter((name) => {
    const dataName = dataNameOf(name);
    if (dataName === undefined || !isCandidate(dataName, naming)) return false;
    return names.has(dataName) || isBackup(dataName, naming) || labelOf(dataName, naming) !== undefined;
  });
}

/** The backups whose verdict is in a listing, with its name. */
export function verdictsIn(
  listing: readonly { name: string }[],
  naming: CatalogueNaming,
): { backup: string; verdict: string }[] {
  const names = new Set(listing.map(({ name }) => name));
  return listing
    .filter(({ name }) => isCandidate(name, naming) && names.has(verdictName(name)))
    .map(({ name }) => ({ backup: name, verdict: verdictName(name) }));
}

/**
 * Every backup of one app, newest first. `manifests` holds, for each of the `manifestNames`, the manifest or the
 * reason why it cannot be used. Files that are neither data nor a manifest of ours, files in folders below, and
 * the latest copy are left out.
 */
export function catalogue(
  listing: readonly ListedFile[],
  manifests: ReadonlyMap<string, ReadManifest>,
  naming: CatalogueNaming,
  circumstances: Circumstances = {},
): CatalogueEntry[] {
  const files = new Map(listing.map((file) => [file.name, file]));
  const around = { ...circumstances, naming, files };
  const further = bytesOfFurtherParts(listing);
  const ourManifests = new Set(manifestNames(listing, naming));
  const entries = listing
    .filter(({ name }) => isCandidate(name, naming))
    .map((file) => {
      const [ours, described] = [isBackup(file.name, naming), ourManifests.has(manifestName(file.name))];
      if (!ours && !described) return foreignEntry(file, 'it has no name that Holdfast gives');
      if (!described) {
        const entry = entryWithoutManifest(file, naming);
        return { ...entry, storedBytes: entry.storedBytes + (further.get(file.name) ?? 0) };
      }
      const entry = entryWithManifest(file, manifests.get(manifestName(file.name)), around);
      if (ours) return entry;
      // Beside a name that is not ours a JSON file that is no manifest is just another program's file.
      const isUnread = entry.manifest === undefined && entry.sealed === undefined;
      if (isUnread && !isDamagedNamed(file, manifests, naming))
        return foreignEntry(file, entry.problem ?? 'it has no manifest');
      return { ...entry, named: true };
    });
  for (const file of listing) {
    const dataName = ourManifests.has(file.name) ? dataNameOf(file.name) : undefined;
    if (dataName === undefined || files.has(dataName)) continue;
    const manifest = manifests.get(file.name);
    const lost = lostEntry(dataName, file, manifest, around);
    if (!isBackup(dataName, naming)) {
      if (isManifestOf(manifest, dataName, naming)) entries.push({ ...lost, named: true });
    } else if (!isOfAnotherApp(manifest, naming)) entries.push(lost);
  }
  return judgeChains(entries.sort(newestFirst));
}

/** By the name of the backup: where no manifest names its parts, their own names do. */
function bytesOfFurtherParts(listing: readonly ListedFile[]): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { name, sizeBytes } of listing) {
    const backup = backupOfPart(name);
    if (backup !== undefined) bytes.set(backup, (bytes.get(backup) ?? 0) + sizeBytes);
  }
  return bytes;
}

/** Whether a file lies directly in the folder of the backups, is data, and is not the latest copy. */
function isCandidate(name: string, naming: CatalogueNaming): boolean {
  const prefix = backupPrefix(naming.layout, naming.app);
  if (!name.startsWith(prefix) || name.includes('/', prefix.length)) return false;
  if (backupOfPart(name) !== undefined) return false;
  return dataEnding.test(name) && name !== naming.latestName.replace(/^\/+/, '');
}

/** In a folder of our own a manifest that cannot be read, of a name that a person may have given, is a damaged one. */
function isDamagedNamed(
  { name }: ListedFile,
  manifests: ReadonlyMap<string, ReadManifest>,
  naming: CatalogueNaming,
): boolean {
  const isOurFolder = naming.layout === 'app';
  return (
    isOurFolder &&
    labelOf(name, naming) !== undefined &&
    !(manifests.get(manifestName(name)) instanceof NoManifest)
  );
}

/** Without data beside it any other JSON file may be another program's. */
function isManifestOf(read: ReadManifest | undefined, dataName: string, { app }: CatalogueNaming): boolean {
  return read !== undefined && !(read instanceof Error) && read.backup === dataName && read.app === app;
}

function isBackup(name: string, naming: CatalogueNaming): boolean {
  return isCandidate(name, naming) && parseBackupName(name, naming) !== undefined;
}

/** The data file a manifest of this name would belong to. */
function dataNameOf(name: string): string | undefined {
  if (!name.endsWith('.json')) return undefined;
  const stem = name.slice(0, -'.json'.length);
  return /\.(?:dump|pages|age)$/.test(stem) ? stem : `${stem}.db`;
}

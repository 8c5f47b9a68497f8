// What the store holds of one app's backups: the listing and the manifests joined, each file with its state.
import type { OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import { clip } from '../base/printable.ts';
import type { Manifest } from './manifest.ts';
import { type Naming, backupPrefix, manifestName, parseBackupName } from './name.ts';
import { newestFirst } from './order.ts';
import { badNews, type FoundBad, verdictName } from './verdict.ts';

/** One file of the store's listing. */
export interface ListedFile {
  name: string;
  sizeBytes: number;
  modifiedAt: Date;
  /** The Dropbox content hash of its bytes, where the store says it of itself. */
  contentHash?: string | undefined;
}

/** What is known beside the listing and the manifests. */
export interface Circumstances {
  /** What was found out about a backup after it was made, by its name; or why that cannot be read. */
  verdicts?: ReadonlyMap<string, readonly (FoundBad | OpsError)[]>;
  /** The time of day, as far as this machine knows; without it nothing counts as dated in the future. */
  now?: Date | undefined;
}

export interface CatalogueNaming extends Naming {
  /** The name of the latest copy; where it lies among the backups it is not one of them. */
  latestName: string;
}

/**
 * - `proven`: its manifest is sound and fits its name, its size and the hash that the store gives of it, nobody found it
 *   bad, and it is not dated in the future.
 * - `suspect`: the same, but the manifest has reasons not to trust it as a successor.
 * - `unfinished`: ours by name, without a manifest: the run that made it did not get that far, or has not yet.
 * - `foreign`: another tool's, or another app's. Can be restored by name; is never removed.
 * - `damaged`: its manifest cannot be used, or is not true of it, or it was found bad when it was read back.
 * - `future`: as sound as a proven one, but dated after now: a clock was or is wrong. It is chosen by its name only.
 * - `lost`: its manifest is there, the data is not.
 */
export type BackupState = 'proven' | 'suspect' | 'unfinished' | 'foreign' | 'damaged' | 'future' | 'lost';

export interface CatalogueEntry {
  name: string;
  /** As the store lists it; 0 when the data is lost. */
  sizeBytes: number;
  /** As a manifest that fits says, else as the name says, else when the store received it. */
  takenAt: Date;
  state: BackupState;
  /** A person named it, so it is theirs: retention never considers it. */
  named?: boolean;
  /** Its bytes are known not to be what its manifest promises: by the store's own hash, or because somebody read them. */
  isBad?: boolean;
  /** There whenever it could be parsed, also when it does not fit. */
  manifest?: Manifest;
  /** What is the matter with it, in a sentence; absent for `proven`. */
  problem?: string;
}

/** So far ahead may be the clock of another machine, and that of this one before it was set right. */
const clockSkewMs = 300_000;

/** Room for every reason that we give; a manifest that somebody else wrote may have longer texts. */
const problemCharactersMax = 2000;

/** How the name of a database file ends. */
export const dataEnding = /\.(?:db|db3|sqlite|sqlite3|dump)$/i;

/**
 * The manifests in a listing that may be ours: those whose data file would have a name of ours, whether it is there
 * or not, and those beside a data file of any other name, which a person may have chosen.
 */
export function manifestNames(listing: readonly { name: string }[], naming: CatalogueNaming): string[] {
  const names = new Set(listing.map(({ name }) => name));
  return [...names].filter((name) => {
    const dataName = dataNameOf(name);
    if (dataName === undefined) return false;
    return isBackup(dataName, naming) || (names.has(dataName) && isCandidate(dataName, naming));
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

/** Whether a backup of that instant is dated in the future, seen from `now`. */
function isAhead(takenAt: Date, now: Date | undefined): boolean {
  return now !== undefined && takenAt.getTime() - now.getTime() > clockSkewMs;
}

/**
 * Every backup of one app, newest first. `manifests` holds, for each of the `manifestNames`, the manifest or the
 * reason why it cannot be used. Files that are neither data nor a manifest of ours, files in folders below, and
 * the latest copy are left out.
 */
export function catalogue(
  listing: readonly ListedFile[],
  manifests: ReadonlyMap<string, Manifest | OpsError>,
  naming: CatalogueNaming,
  circumstances: Circumstances = {},
): CatalogueEntry[] {
  const names = new Set(listing.map(({ name }) => name));
  const ourManifests = new Set(manifestNames(listing, naming));
  const entries = listing
    .filter(({ name }) => isCandidate(name, naming))
    .map((file) => {
      const [ours, described] = [isBackup(file.name, naming), ourManifests.has(manifestName(file.name))];
      if (!ours && !described) return foreignEntry(file, 'it has no name that Holdfast gives');
      if (!described) return entryWithoutManifest(file, naming);
      const entry = entryWithManifest(file, manifests.get(manifestName(file.name)), naming, circumstances);
      if (ours) return entry;
      // Beside a name that is not ours a JSON file that is no manifest is just another program's file.
      if (entry.manifest === undefined) return foreignEntry(file, entry.problem ?? 'it has no manifest');
      return { ...entry, named: true };
    });
  for (const file of listing) {
    const dataName = ourManifests.has(file.name) ? dataNameOf(file.name) : undefined;
    if (dataName === undefined || names.has(dataName)) continue;
    const manifest = manifests.get(file.name);
    if (!isOfAnotherApp(manifest, naming)) entries.push(lostEntry(dataName, file, manifest, naming));
  }
  return entries.sort(newestFirst);
}

/** The newest backup that is proven and not suspect: what is never removed. `entries` are newest first, as everywhere. */
export function newestProven(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return entries.find(({ state }) => state === 'proven');
}

/**
 * What a new backup is compared with: the newest proven one. Where all are dated in the future the clock is behind, and
 * the one that is least far ahead is better than nothing: without any an emptied database would pass.
 */
export function comparable(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return (
    newestProven(entries) ??
    entries.findLast(({ state, manifest }) => state === 'future' && manifest?.suspect.length === 0)
  );
}

function entryWithManifest(
  file: ListedFile,
  manifest: Manifest | OpsError | undefined,
  naming: CatalogueNaming,
  { verdicts, now }: Circumstances,
): CatalogueEntry {
  const entry = { name: file.name, sizeBytes: file.sizeBytes, takenAt: namedTime(file.name, file, naming) };
  if (manifest === undefined) return { ...entry, state: 'damaged', problem: 'its manifest was not read' };
  if (manifest instanceof Error) return { ...entry, state: 'damaged', problem: manifest.message };
  if (manifest.backup !== file.name) {
    const problem = clip(`its manifest is that of ${manifest.backup}`, problemCharactersMax);
    return { ...entry, state: 'damaged', manifest, problem };
  }
  if (manifest.app !== naming.app) {
    const state = isOfAnotherApp(manifest, naming) ? 'foreign' : 'damaged';
    return { ...entry, state, manifest, problem: `its manifest says that it is of the app ${manifest.app}` };
  }
  if (manifest.sizeBytes !== file.sizeBytes) {
    const problem = `it has ${file.sizeBytes} bytes, its manifest says ${manifest.sizeBytes}`;
    return { ...entry, state: 'damaged', takenAt: manifest.takenAt, manifest, problem };
  }
  const described = { ...entry, takenAt: manifest.takenAt, manifest };
  const bad = hashProblem(file, manifest) ?? badNews(verdicts?.get(file.name) ?? [], manifest.sha256);
  if (bad !== undefined)
    return { ...described, state: 'damaged', isBad: true, problem: clip(bad, problemCharactersMax) };
  const suspect = manifest.suspect.join('; ');
  if (isAhead(manifest.takenAt, now)) {
    const problem = clip([aheadOf(now), suspect].filter(Boolean).join('; '), problemCharactersMax);
    return { ...described, state: 'future', problem };
  }
  if (suspect === '') return { ...described, state: 'proven' };
  return { ...described, state: 'suspect', problem: clip(suspect, problemCharactersMax) };
}

/** The listing brings the hash for nothing: bytes that changed at the same size are known without reading one. */
function hashProblem({ contentHash }: ListedFile, manifest: Manifest): string | undefined {
  if (contentHash === undefined || contentHash === manifest.contentHash) return undefined;
  return `its bytes were altered: the store says that their content hash is ${contentHash}, its manifest says ${manifest.contentHash}`;
}

function aheadOf(now = new Date(NaN)): string {
  return `it is dated in the future (now is ${formatInstant(now)}): the clock was ahead when it was made, or is behind now`;
}

function entryWithoutManifest(file: ListedFile, naming: CatalogueNaming): CatalogueEntry {
  const takenAt = namedTime(file.name, file, naming);
  // The earlier script gave these very names and no manifests: nothing tells its files from a run of ours that died.
  if (naming.layout === 'classic') return { ...foreignEntry(file, 'it has no manifest'), takenAt };
  const problem = 'it has no manifest: the run that made it did not finish';
  return { name: file.name, sizeBytes: file.sizeBytes, takenAt, state: 'unfinished', problem };
}

function foreignEntry({ name, sizeBytes, modifiedAt }: ListedFile, problem: string): CatalogueEntry {
  return { name, sizeBytes, takenAt: modifiedAt, state: 'foreign', problem };
}

function lostEntry(
  name: string,
  manifestFile: ListedFile,
  manifest: Manifest | OpsError | undefined,
  naming: CatalogueNaming,
): CatalogueEntry {
  const problem = 'its manifest is there, its data is not';
  const entry = {
    name,
    sizeBytes: 0,
    takenAt: namedTime(name, manifestFile, naming),
    state: 'lost',
    problem,
  } as const;
  if (manifest === undefined || manifest instanceof Error) return entry;
  return { ...entry, takenAt: manifest.backup === name ? manifest.takenAt : entry.takenAt, manifest };
}

/** A classic name does not say whose it is, so there another app's manifest is no lie, and none of our business. */
function isOfAnotherApp(manifest: Manifest | OpsError | undefined, naming: CatalogueNaming): boolean {
  if (manifest === undefined || manifest instanceof Error) return false;
  return naming.layout === 'classic' && manifest.app !== naming.app;
}

function namedTime(name: string, { modifiedAt }: ListedFile, naming: CatalogueNaming): Date {
  return parseBackupName(name, naming)?.takenAt ?? modifiedAt;
}

/** Whether a file lies directly in the folder of the backups, is data, and is not the latest copy. */
function isCandidate(name: string, naming: CatalogueNaming): boolean {
  const prefix = backupPrefix(naming.layout, naming.app);
  if (!name.startsWith(prefix) || name.includes('/', prefix.length)) return false;
  return dataEnding.test(name) && name !== naming.latestName.replace(/^\/+/, '');
}

function isBackup(name: string, naming: CatalogueNaming): boolean {
  return isCandidate(name, naming) && parseBackupName(name, naming) !== undefined;
}

/** The data file a manifest of this name would belong to. */
function dataNameOf(name: string): string | undefined {
  if (!name.endsWith('.json')) return undefined;
  const stem = name.slice(0, -'.json'.length);
  return stem.endsWith('.dump') ? stem : `${stem}.db`;
}

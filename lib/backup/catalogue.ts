// What the store holds of one app's backups: what is known of each, and which of them later ones are compared with.
import type { OpsError } from '../base/errors.ts';
import type { Manifest } from './manifest.ts';
import { formatByName, type Naming } from './name.ts';
import type { SealedManifest } from './sealed-manifest.ts';
import type { StoredPart } from './stored-part.ts';
import type { FoundBad } from './verdict.ts';

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
  /** What is in sealed manifests, by the name of the backup, where it could be opened or is remembered. */
  opened?: ReadonlyMap<string, Manifest>;
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
 * - `damaged`: its manifest cannot be used, or is not true of it, or it was found bad when it was read back, or what it is
 *   based on is not there, whole, to restore it with.
 * - `future`: as sound as a proven one, but dated after now: a clock was or is wrong. It is chosen by its name only.
 * - `lost`: its manifest is there, the data is not.
 */
export type BackupState = 'proven' | 'suspect' | 'unfinished' | 'foreign' | 'damaged' | 'future' | 'lost';

export interface CatalogueEntry {
  name: string;
  /** Of the file that comes out of it; as the store lists it where only that is known, 0 when the data is lost. */
  sizeBytes: number;
  /** What it takes in the store, without what it is based on. */
  storedBytes: number;
  /** As a manifest that fits says, else as the name says, else when the store received it. */
  takenAt: Date;
  state: BackupState;
  /** A person named it, so it is theirs: retention never considers it. */
  named?: boolean;
  /**
   * It is known that what its manifest promises cannot be had: by the store's own hash, because somebody read it, or because of
   * what it is based on.
   */
  isBad?: boolean;
  /** The backup without which it cannot be restored, and which is gone or damaged: with that one mended it is sound. */
  brokenBy?: string;
  /**
   * There whenever it could be parsed, also when it does not fit. Of a sealed backup only where its text was opened, or is
   * remembered here.
   */
  manifest?: Manifest;
  /** What everybody can read of a sealed one. */
  sealed?: SealedManifest;
  /** What is the matter with it, in a sentence; absent for `proven`. */
  problem?: string;
}

/** How the name of a database file ends. */
export const dataEnding = /\.(?:db|db3|sqlite|sqlite3|dump|pages)(?:\.age)?$/i;

/** The newest backup that is proven and not suspect: what is never removed. `entries` are newest first, as everywhere. */
export function newestProven(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return entries.find(({ state }) => state === 'proven');
}

/** Whether retention decides about it: one that somebody gave a name of its own is theirs to remove. */
export function isForRetention({ state, named }: Pick<CatalogueEntry, 'state' | 'named'>): boolean {
  return (state === 'proven' || state === 'suspect' || state === 'future') && !named;
}

/** Whether it may be based on anything, for all that can be read of it. */
export function isBaseUnread(entry: CatalogueEntry): boolean {
  return (
    formatByName(entry.name) === 'pages' && entry.state === 'damaged' && storedPartOf(entry) === undefined
  );
}

const namesMax = 10;

/** The names of several, for a message: not more than somebody reads. */
export function namesWords(entries: readonly Pick<CatalogueEntry, 'name'>[]): string {
  const shown = entries.slice(0, namesMax).map(({ name }) => name);
  const more = entries.length > shown.length ? ` and ${entries.length - shown.length} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** Tells of a name whether it is that of a proven backup. */
export function isProvenIn(entries: readonly CatalogueEntry[]): (backup: string) => boolean {
  return (backup) => entries.some(({ name, state }) => name === backup && state === 'proven');
}

/**
 * What the next backup may take in the store, of an app that goes on as it did: a file as the newest one, and of what is in pages
 * a full, which an increment never takes. 0 where nothing is proven.
 */
export function nextBytes(entries: readonly CatalogueEntry[]): number {
  const proven = entries.filter(({ state }) => state === 'proven');
  const levelOf = (entry: CatalogueEntry) => storedPartOf(entry)?.pages?.level;
  const file = proven.find((entry) => levelOf(entry) === undefined);
  const full = proven.find((entry) => levelOf(entry) === 0);
  return (file?.storedBytes ?? 0) + (full?.storedBytes ?? 0);
}

/**
 * What a new backup is compared with: the newest proven one. Where all are dated in the future the clock is behind, and
 * the one that is least far ahead is better than nothing: without any an emptied database would pass.
 */
export function comparable(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return newestProven(entries) ?? entries.findLast((entry) => entry.state === 'future' && !isSuspect(entry));
}

/** Whether there were reasons not to trust it as a successor when it was made, whatever else its state is. */
export function isSuspect({ manifest, sealed }: Pick<CatalogueEntry, 'manifest' | 'sealed'>): boolean {
  return sealed?.isSuspect ?? (manifest?.suspect ?? []).length > 0;
}

/** How its bytes lie in the store, where they are not simply a file of its name. */
export function storedPartOf({
  manifest,
  sealed,
}: Pick<CatalogueEntry, 'manifest' | 'sealed'>): StoredPart | undefined {
  return sealed?.stored ?? manifest?.stored;
}

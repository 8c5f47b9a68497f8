// One file of a listing as a backup: what its manifest says, against what lies in the store.
import type { OpsError } from '../base/errors.ts';
import { formatInstant } from '../base/format.ts';
import { clip } from '../base/printable.ts';
import {
  type CatalogueEntry,
  type CatalogueNaming,
  type Circumstances,
  isSuspect,
  type ListedFile,
} from './catalogue.ts';
import type { Manifest } from './manifest.ts';
import { isSealedName, parseBackupName } from './name.ts';
import { isSealed, promiseOf, type SealedManifest } from './sealed-manifest.ts';
import { type StoredObject, storedBytes } from './stored-part.ts';
import { badNews } from './verdict.ts';

/** So far ahead may be the clock of another machine, and that of this one before it was set right. */
const clockSkewMs = 300_000;

/** Room for every reason that we give; a manifest that somebody else wrote may have longer texts. */
const problemCharactersMax = 2000;

/** A manifest as it was read, or why it cannot be used. */
export type ReadManifest = Manifest | SealedManifest | OpsError;

/** What is around one file of a listing. */
export interface Surroundings extends Circumstances {
  naming: CatalogueNaming;
  /** The listing, by name: a backup may lie in several objects. */
  files: ReadonlyMap<string, ListedFile>;
}

/** A file that has a manifest. */
export function entryWithManifest(
  file: ListedFile,
  read: ReadManifest | undefined,
  { naming, files, verdicts, opened, now }: Surroundings,
): CatalogueEntry {
  const entry = bareEntry(file, naming);
  if (read === undefined) return { ...entry, state: 'damaged', problem: 'its manifest was not read' };
  if (read instanceof Error) return { ...entry, state: 'damaged', problem: read.message };
  const known = { ...entry, ...manifestsOf(read, opened) };
  if (read.backup !== file.name) {
    const problem = clip(`its manifest is that of ${read.backup}`, problemCharactersMax);
    return { ...known, state: 'damaged', problem };
  }
  if (read.app !== naming.app) {
    const state = isOfAnotherApp(read, naming) ? 'foreign' : 'damaged';
    return { ...known, state, problem: `its manifest says that it is of the app ${read.app}` };
  }
  const described = { ...known, ...sizesOf(file, read), takenAt: read.takenAt };
  const missing = sizeProblem(file, read, files);
  if (missing !== undefined) return { ...described, state: 'damaged', problem: missing };
  const bad = hashProblem(file, read, files) ?? badNews(verdicts?.get(file.name) ?? [], promiseOf(read));
  if (bad !== undefined)
    return { ...described, state: 'damaged', isBad: true, problem: clip(bad, problemCharactersMax) };
  const suspect = suspectProblem(described);
  if (now !== undefined && read.takenAt.getTime() - now.getTime() > clockSkewMs) {
    const problem = clip([aheadOf(now), suspect].filter(Boolean).join('; '), problemCharactersMax);
    return { ...described, state: 'future', problem };
  }
  if (suspect === undefined) return { ...described, state: 'proven' };
  return { ...described, state: 'suspect', problem: clip(suspect, problemCharactersMax) };
}

function bareEntry(file: ListedFile, naming: CatalogueNaming) {
  const { name, sizeBytes } = file;
  return { name, sizeBytes, storedBytes: sizeBytes, takenAt: namedTime(name, file, naming) };
}

/** What is known of the contents, and what everybody can read. */
function manifestsOf(
  read: Manifest | SealedManifest,
  opened: Circumstances['opened'],
): Pick<CatalogueEntry, 'manifest' | 'sealed'> {
  if (!isSealed(read)) return { manifest: read };
  const manifest = opened?.get(read.backup);
  return { sealed: read, ...(manifest === undefined ? {} : { manifest }) };
}

function sizesOf(file: ListedFile, { stored, sizeBytes }: Manifest | SealedManifest) {
  return stored === undefined
    ? { sizeBytes: file.sizeBytes, storedBytes: file.sizeBytes }
    : { sizeBytes, storedBytes: storedBytes(stored) };
}

function objectsOf(file: ListedFile, read: Manifest | SealedManifest): Omit<StoredObject, 'sha256'>[] {
  if (read.stored !== undefined) return read.stored.objects;
  const contentHash = isSealed(read) ? '' : read.contentHash;
  return [{ name: file.name, sizeBytes: read.sizeBytes, contentHash }];
}

function sizeProblem(
  file: ListedFile,
  read: Manifest | SealedManifest,
  files: Surroundings['files'],
): string | undefined {
  if ((read.stored?.recipients !== undefined) !== isSealedName(file.name))
    return isSealedName(file.name)
      ? 'its name says that it is sealed, its manifest does not'
      : 'its manifest says that it is sealed, its name does not';
  for (const { name, sizeBytes } of objectsOf(file, read)) {
    const found = files.get(name);
    const called = name === file.name ? 'it' : `its part ${name}`;
    if (found === undefined) return `${called} is not in the store`;
    if (found.sizeBytes !== sizeBytes)
      return `${called} has ${found.sizeBytes} bytes, its manifest says ${sizeBytes}`;
  }
  return undefined;
}

/** The listing brings the hash for nothing: bytes that changed at the same size are known without reading one. */
function hashProblem(
  file: ListedFile,
  read: Manifest | SealedManifest,
  files: Surroundings['files'],
): string | undefined {
  for (const { name, contentHash } of objectsOf(file, read)) {
    const found = files.get(name)?.contentHash;
    if (found === undefined || found === contentHash) continue;
    const bytes = name === file.name ? 'its bytes' : `the bytes of its part ${name}`;
    return `${bytes} were altered: the store says that their content hash is ${found}, its manifest says ${contentHash}`;
  }
  return undefined;
}

function suspectProblem(entry: Pick<CatalogueEntry, 'manifest' | 'sealed'>): string | undefined {
  if (!isSuspect(entry)) return undefined;
  return entry.manifest?.suspect.join('; ') ?? 'it is suspect, and the reasons are sealed';
}

function aheadOf(now = new Date(NaN)): string {
  return `it is dated in the future (now is ${formatInstant(now)}): the clock was ahead when it was made, or is behind now`;
}

/** A file of a name that we give, and no manifest. */
export function entryWithoutManifest(file: ListedFile, naming: CatalogueNaming): CatalogueEntry {
  const bare = bareEntry(file, naming);
  // The earlier script gave these very names and no manifests: nothing tells its files from a run of ours that died.
  if (naming.layout === 'classic')
    return { ...foreignEntry(file, 'it has no manifest'), takenAt: bare.takenAt };
  const problem = 'it has no manifest: the run that made it did not finish';
  return { ...bare, state: 'unfinished', problem };
}

/** A file that is none of ours. */
export function foreignEntry({ name, sizeBytes, modifiedAt }: ListedFile, problem: string): CatalogueEntry {
  return { name, sizeBytes, storedBytes: sizeBytes, takenAt: modifiedAt, state: 'foreign', problem };
}

/** A manifest whose data is gone. */
export function lostEntry(
  name: string,
  manifestFile: ListedFile,
  read: ReadManifest | undefined,
  { naming, opened }: Surroundings,
): CatalogueEntry {
  const problem = 'its manifest is there, its data is not';
  const entry = {
    name,
    sizeBytes: 0,
    storedBytes: 0,
    takenAt: namedTime(name, manifestFile, naming),
    state: 'lost',
    problem,
  } as const;
  if (read === undefined || read instanceof Error) return entry;
  const takenAt = read.backup === name ? read.takenAt : entry.takenAt;
  return { ...entry, takenAt, ...manifestsOf(read, opened) };
}

/** A classic name does not say whose it is, so there another app's manifest is no lie, and none of our business. */
export function isOfAnotherApp(read: ReadManifest | undefined, naming: CatalogueNaming): boolean {
  if (read === undefined || read instanceof Error) return false;
  return naming.layout === 'classic' && read.app !== naming.app;
}

function namedTime(name: string, { modifiedAt }: ListedFile, naming: CatalogueNaming): Date {
  return parseBackupName(name, naming)?.takenAt ?? modifiedAt;
}

// One backup as lists show it, and `--json` prints it.
import { type BackupState, type CatalogueEntry, storedPartOf } from '../../lib/backup/catalogue.ts';
import { type BackupFormat, formatByName, isSealedName } from '../../lib/backup/name.ts';
import { shownNote } from '../../lib/backup/note.ts';
import { formatBytes, formatWallTime } from '../../lib/base/format.ts';
import { formatRows } from '../../lib/base/table.ts';
import type { View } from '../../lib/run/job.ts';
import { levelWords } from './needed-backups.ts';
import { ago } from './words.ts';

export interface ListedBackup {
  name: string;
  takenAt: Date;
  /** Of the database that comes out of it. */
  sizeBytes: number;
  /** What it takes in the store, without what it is based on. */
  storedBytes: number;
  format: BackupFormat;
  /** Of one in pages: 0 for a full, and an increment is one level above the backup that it is based on. */
  level: number | undefined;
  base: string | undefined;
  /** Whether it opens for its owner alone. */
  isSealed: boolean;
  state: BackupState;
  /** What is the matter with it; undefined for a proven one. */
  problem: string | undefined;
  /** The backup that is the cause of it, where it is not this one but one that it is based on. */
  brokenBy: string | undefined;
  sha256: string | undefined;
  /** Whether a person gave it its name: it is never pruned. */
  named: boolean;
  /** What a person noted of it; undefined where nothing was, or where it is sealed and nothing here opens it. */
  note: string | undefined;
  /** What the machine knew of its clock when it was made. */
  clock: string | undefined;
}

/** What a list shows of an entry of the catalogue. */
export function listedBackup(entry: CatalogueEntry): ListedBackup {
  const { name, takenAt, sizeBytes, storedBytes, state, problem, manifest, sealed, named = false } = entry;
  const pages = storedPartOf(entry)?.pages;
  return {
    name,
    takenAt,
    sizeBytes,
    storedBytes,
    format: formatByName(name),
    level: pages?.level,
    base: pages?.base?.name,
    isSealed: isSealedName(name),
    state,
    problem,
    brokenBy: entry.brokenBy,
    sha256: manifest?.sha256,
    named,
    note: noteOf(entry),
    clock: (sealed ?? manifest)?.clock,
  };
}

/** The note of a backup, fit to be shown. */
export function noteOf({ manifest }: Pick<CatalogueEntry, 'manifest'>): string | undefined {
  return manifest?.note === undefined ? undefined : shownNote(manifest.note);
}

/**
 * A table of backups, whose head names the zone of its times, with the note of each and what is the matter with it below its line. What they take in
 * the store has a column where that is another size than that of what comes out of one of them.
 */
export function backupTable(backups: readonly ListedBackup[], { now, timeZone, columns }: View): string[] {
  const isStoredAsIs = backups.every(({ format, isSealed }) => format === 'plain' && !isSealed);
  const rows = backups.map((backup) => [
    `  ${backup.name}`,
    formatWallTime(backup.takenAt, timeZone),
    ago(backup.takenAt, now),
    formatBytes(backup.sizeBytes),
    ...(isStoredAsIs ? [] : [storedWords(backup)]),
    backup.state + (backup.clock === 'unsynchronised' ? ', clock not synchronised' : ''),
  ]);
  const states = new Map(backups.map(({ name, state }) => [name, state]));
  // How long ago it was is said by its time as well.
  return formatRows(rows, { columns, spare: [2] }).flatMap((row, index) => {
    const { problem, brokenBy = '', note } = backups[index] ?? {};
    // What is the matter is said once, where the cause stands.
    const state = states.get(brokenBy);
    const matter = state === undefined ? problem : `it needs ${brokenBy}, which is ${state}`;
    const below = [
      ...(note === undefined ? [] : [`note: ${note}`]),
      ...(matter === undefined ? [] : [matter]),
    ];
    return [...row, ...below.map((text) => `      ${text}`)];
  });
}

/** `increment 1 of 0.9 MB, sealed`. */
function storedWords({ format, level, storedBytes, isSealed }: ListedBackup): string {
  const kind = format === 'plain' ? 'file' : level === undefined ? 'pages' : levelWords(level);
  return `${kind} of ${formatBytes(storedBytes)}${isSealed ? ', sealed' : ''}`;
}

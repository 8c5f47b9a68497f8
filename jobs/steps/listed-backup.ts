// One backup as lists show it, and `--json` prints it.
import type { BackupState, CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { formatBytes, formatTable, formatWallTime } from '../../lib/base/format.ts';
import type { View } from '../../lib/run/job.ts';
import { ago } from './words.ts';

export interface ListedBackup {
  name: string;
  takenAt: Date;
  sizeBytes: number;
  state: BackupState;
  /** What is the matter with it; undefined for a proven one. */
  problem: string | undefined;
  sha256: string | undefined;
  /** Whether a person gave it its name: it is never pruned. */
  named: boolean;
  /** What the machine knew of its clock when it was made. */
  clock: string | undefined;
}

/** What a list shows of an entry of the catalogue. */
export function listedBackup(entry: CatalogueEntry): ListedBackup {
  const { name, takenAt, sizeBytes, state, problem, manifest, named = false } = entry;
  return {
    name,
    takenAt,
    sizeBytes,
    state,
    problem,
    sha256: manifest?.sha256,
    named,
    clock: manifest?.clock,
  };
}

/** A table of backups, whose head names the zone of its times, with what is the matter with each below its line. */
export function backupTable(backups: readonly ListedBackup[], { now, timeZone }: View): string[] {
  const rows = backups.map(({ name, takenAt, sizeBytes, state, clock }) => [
    `  ${name}`,
    formatWallTime(takenAt, timeZone),
    ago(takenAt, now),
    formatBytes(sizeBytes),
    state + (clock === 'unsynchronised' ? ', clock not synchronised' : ''),
  ]);
  return formatTable(rows).flatMap((line, index) => {
    const problem = backups[index]?.problem;
    return problem === undefined ? [line] : [line, `      ${problem}`];
  });
}

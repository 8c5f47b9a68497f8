// Sentences that several commands print.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { totalRows } from '../../lib/source/facts.ts';
import type { Proof } from './prove-stored.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInstant,
  formatTable,
} from '../../lib/base/format.ts';

/** How long ago, in words: `3 h ago`; `in 2 h` for what lies ahead. */
export function ago(instant: Date, now: Date): string {
  const ms = now.getTime() - instant.getTime();
  return ms >= 0 ? `${formatDuration(ms)} ago` : `in ${formatDuration(-ms)}`;
}

/** A table of backups, newest first, with what is the matter with each below its line. */
export function backupTable(entries: readonly CatalogueEntry[], now: Date): string[] {
  const rows = entries.map(({ name, takenAt, sizeBytes, state, manifest }) => [
    `  ${name}`,
    formatInstant(takenAt),
    ago(takenAt, now),
    formatBytes(sizeBytes),
    state + (manifest?.clock === 'unsynchronised' ? ', clock not synchronised' : ''),
  ]);
  return formatTable(rows).flatMap((line, index) => {
    const problem = entries[index]?.problem;
    return problem === undefined ? [line] : [line, `      ${problem}`];
  });
}

/** What a person reads of a backup that was proven, or not. */
export function proofLines(app: string, { backup, sound, proven, problems, measured }: Proof): string[] {
  if (!sound) return [`${app}: NOT SOUND: ${backup}`, ...problems.map((problem) => `    ${problem}`)];
  const tables = measured?.facts.tables ?? [];
  const facts = `${formatCount(tables.length, 'table')}, ${formatCount(totalRows(tables), 'row')}`;
  return [
    proven
      ? `${app}: proven: ${backup}: bytes, integrity, schema and rows are as the manifest says (${facts})`
      : `${app}: sound, but unproven: ${backup}: SQLite finds no damage, but there is no manifest to compare with (${facts})`,
  ];
}

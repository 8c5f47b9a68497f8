// A backup that was made, as it is told: as data, in words, and what is bad about it.
import { formatBytes, formatCount } from '../../../lib/base/format.ts';
import { totalRows } from '../../../lib/source/facts.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import type { BackupReport } from '../../steps/back-up-app.ts';
import type { StoredBackup } from '../../steps/store-backups.ts';

export interface BackupSummary {
  /** Its name in the store. */
  backup: string;
  takenAt: Date;
  sizeBytes: number;
  sha256: string;
  tables: number;
  rows: number;
  integrity: 'full' | 'quick';
  /** What is at odds in the database itself, known or not; undefined where nothing is. */
  findings: readonly string[] | undefined;
  foreignKeyViolations: number;
  /** How the copy was taken, and what that meant for the app. */
  snapshot: BackupReport['snapshot'];
  /** Why it is kept, but trusted neither to replace the latest copy nor to let older ones go (P3). */
  suspect: readonly string[];
  decision: BackupReport['decision'];
  /** The latest copy, where it was refreshed. */
  latest: string | undefined;
  /** The one in clear of the days before backups were sealed, where it was removed. */
  clearLatest: string | undefined;
  /** The database is the very one of `backup`, which was made before: nothing new was stored. */
  unchanged: boolean;
  /** What was made of it in each format, the first of them `backup`. */
  stored: Omit<StoredBackup, 'manifest'>[];
}

export function backupSummary(report: BackupReport): BackupSummary {
  const { backup, manifest, snapshot, suspect, decision, latest, clearLatest, unchanged, stored } = report;
  const { takenAt, sizeBytes, sha256, tables, integrity } = manifest;
  return {
    backup,
    takenAt,
    sizeBytes,
    sha256,
    tables: tables.length,
    rows: totalRows(tables),
    integrity: integrity.check,
    findings: integrity.findings,
    foreignKeyViolations: manifest.engine === 'sqlite' ? manifest.foreignKeyViolations : 0,
    snapshot,
    suspect,
    decision,
    latest,
    clearLatest,
    unchanged,
    stored: stored.map(({ format, backup: name, made, storedBytes, why, underWay }) => {
      return { format, backup: name, made, storedBytes, why, underWay };
    }),
  };
}

export function backupLines(app: string, summary: BackupSummary): string[] {
  const { tables, rows, foreignKeyViolations, suspect, decision, clearLatest, stored } = summary;
  const [first, ...others] = stored;
  return [
    `${app}: ${first === undefined ? '' : storedWords(first)}: ${formatCount(tables, 'table')}, ${formatCount(rows, 'row')}, ` +
      `integrity ${integrityWords(summary)}`,
    ...others.map((other) => `${app}: also ${storedWords(other)}`),
    ...stored.flatMap(fullLines).map((line) => `${app}: ${line}`),
    ...knownFindings(summary).map((finding) => `${app}: note: in the database itself: ${finding}`),
    ...(foreignKeyViolations === 0
      ? []
      : [
          `${app}: note: ${formatCount(foreignKeyViolations, 'foreign key violation')} in the database itself`,
        ]),
    ...(clearLatest === undefined ? [] : [`${app}: ${clearRemovedWords(clearLatest)}`]),
    ...suspect.map((reason) => `${app}: SUSPECT: ${reason}`),
    ...(decision === undefined
      ? []
      : [
          `${app}: it is kept, but the latest copy stays as it was and nothing is pruned` +
            `${since(decision)}; if this is how the database should be: ${decision.acceptWith}`,
        ]),
  ];
}

/** What is told of a latest copy that anybody could open. */
export function clearRemovedWords(name: string): string {
  return `removed ${name}: it was in clear, and the sealed latest copy is in the store`;
}

function storedWords({ backup, made, storedBytes }: Summed): string {
  if (made === 'nothing') return `unchanged since ${backup}`;
  const how = { plain: '', full: 'a full', increment: 'an increment' }[made];
  return `backed up as ${backup}${how === '' ? '' : ` (${how}, ${formatBytes(storedBytes)})`}`;
}

type Summed = BackupSummary['stored'][number];

/** Why all of it was stored, or will be. */
function fullLines({ made, why, underWay }: Summed): string[] {
  const reason = made === 'full' ? `all pages were stored: ${why}` : `a new full is due: ${why}`;
  return [
    ...(why === undefined ? [] : [reason]),
    ...(underWay === undefined
      ? []
      : [
          `the new full ${underWay.name} is on its way: ${underWay.doneObjects} of ${formatCount(underWay.allObjects, 'object')} are stored`,
        ]),
  ];
}

function integrityWords({ integrity, findings }: BackupSummary): string {
  if (findings !== undefined) return 'at odds, not damaged';
  return integrity === 'full' ? 'ok' : 'ok (quick check)';
}

/** Those that do not make it suspect: they were accepted. */
function knownFindings({ findings = [], suspect }: BackupSummary): string[] {
  return findings.filter((finding) => !suspect.includes(`integrity check: ${finding}`));
}

function since({ newestProven }: NonNullable<BackupReport['decision']>): string {
  return newestProven === undefined ? '' : ` since ${newestProven}`;
}

/** A database that looks emptied is critical: it may be the remains of one. So is one at odds with itself. */
export function backupFindings({ backup, suspect, decision }: BackupSummary): AppFinding[] {
  if (decision === undefined) return [];
  const message = `the backup ${backup} is suspect: ${suspect.join('; ')}`;
  const hint =
    `nothing is pruned${since(decision)}: look at the database; ` +
    `if this is how it should be: ${decision.acceptWith}`;
  return [{ severity: 'critical', message, hint }];
}

// What is told of a backup that was read back from the store, in words and as data.
import { firstOf } from '../../lib/base/finding.ts';
import { formatCount } from '../../lib/base/format.ts';
import { totalRows } from '../../lib/source/facts.ts';
import type { AppFinding } from './each-app.ts';
import type { Proof } from './prove-stored.ts';

/** What a stored backup turned out to be. */
export interface ProofReport {
  backup: string;
  /** Whether everything agrees. Without a manifest: whether SQLite finds it sound. */
  sound: boolean;
  /** Sound, and as its manifest says. */
  proven: boolean;
  /** What does not agree, in sentences. */
  problems: readonly string[];
  sizeBytes: number | undefined;
  sha256: string | undefined;
  tables: number | undefined;
  rows: number | undefined;
}

/** The part of a proof that others are told. */
export function proofReport({ backup, sound, proven, problems, digest, measured }: Proof): ProofReport {
  const tables = measured?.facts.tables;
  return {
    backup,
    sound,
    proven: sound && proven,
    problems,
    sizeBytes: digest?.sizeBytes,
    sha256: digest?.sha256,
    tables: tables?.length,
    rows: tables && totalRows(tables),
  };
}

/** What a person reads of it. */
export function proofLines(app: string, report: ProofReport): string[] {
  const { backup, sound, proven, problems, tables = 0, rows = 0 } = report;
  if (!sound) return [`${app}: NOT SOUND: ${backup}`, ...problems.map((problem) => `    ${problem}`)];
  const facts = `${formatCount(tables, 'table')}, ${formatCount(rows, 'row')}`;
  return [
    proven
      ? `${app}: proven: ${backup}: bytes, integrity, schema and rows are as the manifest says (${facts})`
      : `${app}: sound, but unproven: ${backup}: SQLite finds no damage, but there is no manifest to compare with (${facts})`,
  ];
}

/** A backup that is not what it should be is critical, and says why. */
export function proofFindings({ backup, sound, problems }: ProofReport): AppFinding[] {
  if (sound) return [];
  const message = `${backup} is not sound: ${firstOf(problems, 'it cannot be read')}`;
  return [{ severity: 'critical', message, hint: 'the other backups: db-backup list-backups' }];
}

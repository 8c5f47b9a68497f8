// What is told of a backup that was read back from the store.
import { firstOf } from '../../lib/base/finding.ts';
import { formatCount } from '../../lib/base/format.ts';
import type { AppFinding } from './each-app.ts';
import type { Proof } from '../../lib/repository/proof.ts';

/** What a person reads of it. */
export function proofLines(app: string, report: Proof): string[] {
  const { backup, sound, proven, basis, problems, tables = 0, rows = 0 } = report;
  if (!sound) return [`${app}: DAMAGED: ${backup}`, ...problems.map((problem) => `    ${problem}`)];
  if (basis === 'sealed')
    return [
      `${app}: whole, and not opened: ${backup}: its bytes are those that were sealed; to open it as well: --identity <file>`,
    ];
  const facts = `${formatCount(tables, 'table')}, ${formatCount(rows, 'row')}`;
  if (proven && basis === 'hash')
    return [
      `${app}: proven: ${backup}: its bytes are those that passed the full check when it was made (${facts})`,
    ];
  return [
    proven
      ? `${app}: proven: ${backup}: bytes, integrity, schema and rows are as the manifest says (${facts})`
      : `${app}: sound, but unproven: ${backup}: SQLite finds no damage, but there is no manifest to compare with (${facts})`,
  ];
}

/**
 * A backup that is not what it should be is critical, and says why. Those that another one of them takes along are counted: it is
 * the news.
 */
export function proofFindings(...proofs: readonly Proof[]): AppFinding[] {
  const bad = proofs.filter(({ sound }) => !sound);
  const names = new Set(bad.map(({ backup }) => backup));
  const isTakenAlong = ({ brokenBy }: Proof) => brokenBy !== undefined && names.has(brokenBy);
  return bad
    .filter((proof) => !isTakenAlong(proof))
    .map(({ backup, problems }) => {
      const along = bad.filter(({ brokenBy }) => brokenBy === backup).length;
      const others = along === 0 ? '' : `; ${formatCount(along, 'backup')} more need it`;
      const message = `${backup} is damaged: ${firstOf(problems, 'it cannot be read')}${others}`;
      return { severity: 'critical', message, hint: 'the other backups: db-backup list-backups' };
    });
}

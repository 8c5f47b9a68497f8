// Whether a backup looks as if its database had been emptied since the one before it (invariant P3).
import { formatBytes, formatCount, groupThousands } from '../base/format.ts';
import { engines } from '../source/engines.ts';
import { type MeasuredFacts, type TableRows, firstTen, tableLabel, totalRows } from '../source/facts.ts';

const rowsWorthComparing = 10;
const tableRowsWorthComparing = 100;
const bytesWorthComparing = 1024 * 1024;

/**
 * Why `next` looks emptied or shrunken against `previous`: one sentence each, at most ten and then `and N more`.
 * Empty when nothing does. Loss counts from a half on, so a database that grows, is tidied up or loses a few rows
 * is never suspected; one that is very small is suspected only when a table is gone.
 */
export function shrinkReasons(previous: MeasuredFacts, next: MeasuredFacts): string[] {
  return firstTen([
    ...rowReasons(previous.tables, next.tables),
    ...byteReasons(previous, next),
    ...tableReasons(previous.tables, next.tables),
  ]);
}

function rowReasons(previous: readonly TableRows[], next: readonly TableRows[]): string[] {
  const before = totalRows(previous);
  const after = totalRows(next);
  if (before < rowsWorthComparing || after > before / 2) return [];
  return [`all tables together have ${formatCount(after, 'row')}, down from ${groupThousands(before)}`];
}

function byteReasons(previous: MeasuredFacts, next: MeasuredFacts): string[] {
  const [used, left] = [previous, next].map((facts) => engines[facts.engine].bytesInUse(facts));
  const isCounted = used !== undefined && left !== undefined;
  const [before, after] = isCounted ? [used, left] : [previous.sizeBytes, next.sizeBytes];
  if (before < bytesWorthComparing || after > before / 2) return [];
  return [`the database uses ${formatBytes(after)}, down from ${formatBytes(before)}`];
}

function tableReasons(previous: readonly TableRows[], next: readonly TableRows[]): string[] {
  const rowsNow = new Map(next.map(({ name, rows }) => [name, rows]));
  const reasons: string[] = [];
  for (const { name, rows } of previous) {
    const now = rowsNow.get(name);
    if (now === undefined) {
      reasons.push(`table ${tableLabel(name)} is gone, it had ${formatCount(rows, 'row')}`);
    } else if (now === 0 && rows >= tableRowsWorthComparing) {
      reasons.push(`table ${tableLabel(name)} is empty, it had ${formatCount(rows, 'row')}`);
    }
  }
  return reasons;
}

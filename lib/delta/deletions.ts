// How many rows may go within a day before somebody is asked: a restored or half-copied source deletes what it has not.
import type { TablePolicy } from './policy.ts';

/** Deletions of one source in one table are counted together for so long. */
export const deletionWindowMs = 24 * 60 * 60_000;

/**
 * Whether one more is more than is believed. `deleted` within the window; `rows` that the table has now, asked only where
 * that decides.
 */
export function isMassDeletion(
  { deleted, rows }: { readonly deleted: number; readonly rows: () => number },
  { deletionsMax }: Pick<TablePolicy, 'deletionsMax'>,
): boolean {
  if (deleted < deletionsMax.rows) return false;
  return (deleted + 1) * 100 > deletionsMax.percent * (rows() + deleted);
}

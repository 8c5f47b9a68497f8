// Whether the rows that a table lost lie in others now: renamed, split in two, merged into another by a migration.
import type { TableRows } from '../source/facts.ts';

/** Says of one table after another whether what it lost turned up elsewhere; no row is found twice. */
export interface MovedRows {
  found(name: string, before: ReadonlyMap<string, number>): boolean;
}

/** An app writes on between its migration and the backup: so many rows more than were moved are still the same. */
const spare = (rows: number) => rows * 1.1 + 10;

/**
 * Rows are found in one table that gained as many, in two, or in all the new ones together. Only a gain of about that size
 * tells: that another table is large says nothing.
 */
export function movedRows(after: readonly TableRows[]): MovedRows {
  const rowsNow = new Map(after.map(({ name, rows }) => [name, rows]));
  const taken = new Map<string, number>();
  return {
    found(name, before) {
      const lost = (before.get(name) ?? 0) - (rowsNow.get(name) ?? 0);
      const gains = after
        .map(({ name: gainer, rows }) => ({
          gainer,
          isNew: !before.has(gainer),
          gained: rows - (before.get(gainer) ?? 0) - (taken.get(gainer) ?? 0),
        }))
        .filter(({ gained }) => gained > 0 && gained <= spare(lost));
      const place = [
        ...gains.map((gain) => [gain]),
        gains.filter(({ isNew }) => isNew),
        pairOf(gains, lost),
      ].find((gainers) => fits(gainers, lost));
      for (const { gainer, gained } of place ?? []) taken.set(gainer, (taken.get(gainer) ?? 0) + gained);
      return place !== undefined;
    },
  };
}

interface Gain {
  gainer: string;
  gained: number;
}

function fits(gains: readonly Gain[], lost: number): boolean {
  const gained = gains.reduce((sum, each) => sum + each.gained, 0);
  return gained >= lost && gained <= spare(lost);
}

/** Two that together gained what was lost, found in one walk from both ends; none where there are no such two. */
function pairOf(gains: readonly Gain[], lost: number): Gain[] {
  const sorted = [...gains].sort((a, b) => a.gained - b.gained);
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const pair = [sorted[low], sorted[high]].filter((gain) => gain !== undefined);
    if (fits(pair, lost)) return pair;
    if (pair.reduce((sum, { gained }) => sum + gained, 0) < lost) low += 1;
    else high -= 1;
  }
  return [];
}

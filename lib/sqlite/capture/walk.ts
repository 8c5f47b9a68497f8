// A walk through a table: all its rows between two keys, so that the receiver can tell what else it has there.
import type { Cell } from '../../delta/cell.ts';
import type { Database } from '../open.ts';
import { isUtf8, sizeOf } from './cells.ts';
import { type KeyedChange, rowBytesMax, tooLargeWords } from './log-changes.ts';
import { rowReader } from './row-reader.ts';
import type { StockedTable } from './stock.ts';

export interface WalkPiece {
  readonly table: StockedTable;
  readonly changes: readonly KeyedChange[];
  readonly after: readonly Cell[] | undefined;
  /** Undefined to the end. */
  readonly through: readonly Cell[] | undefined;
  readonly tooLarge: readonly string[];
  /** The keys of those. */
  readonly kept: readonly (readonly Cell[])[];
}

/** A longer key has no place in a header; a row with one was never small. */
const keptBytesMax = 256 * 1024;

/** The next piece of a table by its key, within a transaction of the caller's. */
export function walkByKey(
  database: Database,
  table: StockedTable,
  { after, rowsMax, bytesMax }: { after: readonly Cell[] | undefined; rowsMax: number; bytesMax: number },
): WalkPiece {
  const reader = rowReader(database, table.facts.shape);
  const changes: KeyedChange[] = [];
  const tooLarge: string[] = [];
  const kept: (readonly Cell[])[] = [];
  // Text in UTF-16 has another order than at the receiver, so that pieces would overlap there: such a table is one piece.
  const canEnd = isUtf8(database);
  let bytes = 0;
  let through = after;
  for (const cells of reader.rowsAfter(after)) {
    if (canEnd && (changes.length >= rowsMax || bytes > bytesMax))
      return { table, changes, after, through, tooLarge, kept };
    const size = sizeOf(cells);
    through = reader.keyOf(cells);
    bytes += size;
    if (size <= rowBytesMax) changes.push({ table, key: through, cells });
    else {
      tooLarge.push(tooLargeWords(table.name, size));
      if (sizeOf(through) <= keptBytesMax) kept.push(through);
    }
  }
  return { table, changes, after, through: undefined, tooLarge, kept };
}

// Rows of a table or a query as exact cells.
import { isUtf8 } from 'node:buffer';
import { type Cell, RawText } from '../../export/cell.ts';
import { type Database, quoteIdentifier } from '../open.ts';

/** What SQLite's text becomes where it is not valid UTF-8, and what a text may hold all the same. */
const replacement = '\ufffd';

/** What is read from a table, in an order that stays while its rows do. */
export interface Selection {
  columns: readonly string[];
  /** From FROM on, without the order. */
  from: string;
  order: string;
  parameters: readonly Cell[];
}

/**
 * Hands each row to `take`, in order. Texts are read as such, which is quick, until the first that may not be valid UTF-8:
 * from that row on as bytes, of which it can be told. (A callback: a generator for each row costs as much as the row.)
 */
export function eachRow(database: Database, selection: Selection, take: (row: Cell[]) => void): void {
  let count = 0;
  for (const row of iterate(database, quickColumns(selection), selection)) {
    if (hasReplacement(row)) {
      eachRowExactly(database, selection, count, take);
      return;
    }
    count += 1;
    take(row);
  }
}

function hasReplacement(row: readonly Cell[]): boolean {
  for (const cell of row) if (typeof cell === 'string' && cell.includes(replacement)) return true;
  return false;
}

function quickColumns({ columns }: Selection): string {
  return columns.map(quoteIdentifier).join(', ');
}

/** From row `offset` on: the value, its type and its bytes for each column. */
function eachRowExactly(
  database: Database,
  selection: Selection,
  offset: number,
  take: (row: Cell[]) => void,
): void {
  const list = selection.columns
    .map(quoteIdentifier)
    .map((name) => `${name}, typeof(${name}), CAST(${name} AS BLOB)`)
    .join(', ');
  const rest = { ...selection, order: `${selection.order} LIMIT -1 OFFSET ${offset}` };
  for (const row of iterate(database, list, rest)) {
    take(
      selection.columns.map((_, index) => {
        const [value = null, type, bytes] = row.slice(3 * index);
        return type === 'text' ? exactText(bytes as Uint8Array) : value;
      }),
    );
  }
}

/** Integers as bigint, so that each of 64 bits counts, and a REAL is told from them. */
function iterate(
  database: Database,
  list: string,
  { from, order, parameters }: Selection,
): IterableIterator<Cell[]> {
  const statement = database.prepare<Cell[], Cell[]>(`SELECT ${list} ${from} ${order}`);
  return statement
    .raw()
    .safeIntegers()
    .iterate(...parameters);
}

/** A text from its bytes; the bytes themselves where they are none. */
function exactText(bytes: Uint8Array): string | RawText {
  return isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    : new RawText(bytes);
}

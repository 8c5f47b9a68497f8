// Rows as exact cells, one at a time.
import { isUtf8 } from 'node:buffer';
import type { Cell } from '../../delta/cell.ts';
import { type Database, quoteIdentifier } from '../open.ts';

/** What SQLite's text becomes where it is not valid UTF-8, and what a text may hold all the same. */
const replacement = '\ufffd';

export interface RowQuery {
  readonly columns: readonly string[];
  /** From FROM on, with the order, which has to be one that stays in a snapshot. */
  readonly from: string;
  readonly parameters: readonly unknown[];
}

/**
 * Texts are read as such, which is quick, until the first that may not be valid UTF-8: from that row on with their bytes. No
 * other statement may be run on the connection meanwhile.
 */
export function* exactRows(database: Database, query: RowQuery): Generator<Cell[]> {
  let count = 0;
  let isExact = true;
  for (const row of iterate(database, query.columns.map(quoteIdentifier).join(', '), query)) {
    isExact = !mayBeBroken(row);
    if (!isExact) break;
    count += 1;
    yield row;
  }
  if (!isExact) yield* exactlyFrom(database, query, count);
}

/** Whether a text in it may have come from bytes that are none. */
export function mayBeBroken(row: readonly Cell[]): boolean {
  return row.some((cell) => typeof cell === 'string' && cell.includes(replacement));
}

/** From row `offset` on: the value, its type and its bytes for each column. */
function* exactlyFrom(database: Database, query: RowQuery, offset: number): Generator<Cell[]> {
  const list = query.columns
    .map(quoteIdentifier)
    .map((name) => `${name}, typeof(${name}), CAST(${name} AS BLOB)`)
    .join(', ');
  const rest = { ...query, from: `${query.from} LIMIT -1 OFFSET ${offset}` };
  for (const row of iterate(database, list, rest)) {
    yield query.columns.map((_, index) => {
      const [value = null, type, bytes] = row.slice(3 * index);
      return type === 'text' ? exactText(bytes as Uint8Array) : value;
    });
  }
}

/** Integers as bigint, so that each of 64 bits counts, and a REAL is told from them. */
function iterate(database: Database, list: string, { from, parameters }: RowQuery): IterableIterator<Cell[]> {
  return database
    .prepare<unknown[], Cell[]>(`SELECT ${list} ${from}`)
    .raw()
    .safeIntegers()
    .iterate(...parameters);
}

function exactText(bytes: Uint8Array): Cell {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(text) ? text.toString() : { text: bytes };
}

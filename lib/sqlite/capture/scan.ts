// All rows of a table, piece by piece in short transactions, each with the key that its receiver knows it by.
import { rowHashText } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { cellsOf, isUtf8, type RawCell } from './cells.ts';
import { rowReader } from './row-reader.ts';
import type { StockedTable } from './stock.ts';
import { columnList } from './table-facts.ts';

export interface ScannedRow {
  readonly key: readonly Cell[];
  /** With the key's column where rows are told apart by their content. */
  readonly cells: readonly Cell[];
  /** Of a row that is told apart by its content: where it was. */
  readonly rowid?: bigint;
}

/** A reader is gone after so many rows, for outside of WAL it keeps the app from committing. */
const rowsMax = 1000;

/** `reading` runs a piece in a transaction. Rows that move meanwhile are seen at one place, at both, or at none: the next scan finds them. */
export function* scan(
  database: Database,
  table: StockedTable,
  { reading, count }: Scanning,
): Generator<ScannedRow> {
  if (table.facts.shape.identity === 'primary') yield* scanByKey(database, table, reading);
  else yield* scanByContent(database, table, { reading, count });
}

export interface Scanning {
  readonly reading: <T>(work: () => T) => T;
  /** The how many-th row with this hash it is. */
  readonly count: (hash: string) => number;
}

function* scanByKey(
  database: Database,
  { facts }: StockedTable,
  reading: Scanning['reading'],
): Generator<ScannedRow> {
  const reader = rowReader(database, facts.shape);
  let after: readonly Cell[] | undefined;
  for (;;) {
    const rows = reading(() => take(reader.rowsAfter(after), rowsMax));
    for (const cells of rows) yield { key: reader.keyOf(cells), cells };
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsMax) return;
    after = reader.keyOf(last);
  }
}

function* scanByContent(
  database: Database,
  table: StockedTable,
  { reading, count }: Scanning,
): Generator<ScannedRow> {
  const { rowsBehind, exact } = contentQueries(database, table);
  let after: bigint = -(2n ** 63n);
  for (;;) {
    const rows = reading(() =>
      rowsBehind(after).map((row) => ({
        rowid: row[0] as bigint,
        cells: cellsOf(row.slice(1), exact(row[0] as bigint)),
      })),
    );
    for (const { rowid, cells } of rows) {
      const hash = rowHashText(cells);
      const key = `${hash}:${count(hash)}`;
      yield { key: [key], cells: [...cells, key], rowid };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsMax) return;
    after = last.rowid;
  }
}

/** Rows by their numbers, under a name of those that no column has. */
function contentQueries(database: Database, { facts: { shape } }: StockedTable) {
  const isFree = (name: string) => shape.columns.every((column) => column.name.toLowerCase() !== name);
  const rowid = ['rowid', '_rowid_', 'oid'].find(isFree) ?? 'rowid';
  const from = `FROM main.${quoteIdentifier(shape.name)}`;
  const columns = columnList(shape);
  const utf8 = isUtf8(database);
  const behind = database
    .prepare(`SELECT ${rowid}, ${columns} ${from} WHERE ${rowid} > ? ORDER BY ${rowid} LIMIT ${rowsMax}`)
    .safeIntegers()
    .raw();
  const one = database.prepare(`SELECT ${columns} ${from} WHERE ${rowid} = ?`).safeIntegers().raw();
  return {
    rowsBehind: (after: bigint) => behind.all(after) as RawCell[][],
    row: (at: bigint) => one.get(at) as RawCell[] | undefined,
    exact: (at: bigint) => (column: number) => {
      if (!utf8) return undefined;
      const name = quoteIdentifier(shape.columns[column]?.name ?? '');
      return database
        .prepare(`SELECT CAST(${name} AS BLOB) ${from} WHERE ${rowid} = ?`)
        .pluck()
        .get(at) as Buffer;
    },
  };
}

/** The row at a place, if it is still the one with this key. Within a transaction of the caller's. */
export function rowAt(
  database: Database,
  table: StockedTable,
  rowid: bigint,
  key: string,
): Cell[] | undefined {
  const { row, exact } = contentQueries(database, table);
  const found = row(rowid);
  if (found === undefined) return undefined;
  const cells = cellsOf(found, exact(rowid));
  return key.startsWith(`${rowHashText(cells)}:`) ? [...cells, key] : undefined;
}

function take<T>(rows: IterableIterator<T>, most: number): T[] {
  const taken: T[] = [];
  for (const row of rows) {
    taken.push(row);
    if (taken.length === most) break;
  }
  return taken;
}

// The rows of an answer, read in the snapshot of its connection, a piece at a time.
import type { Cell } from '../../delta/cell.ts';
import type { Change } from '../../delta/change.ts';
import { rowHashText } from '../../delta/canonical.ts';
import { contentKey, type TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier, type Statement } from '../open.ts';
import { bound, type LoggedKey } from './change-log.ts';
import { exactRows, mayBeBroken, type RowQuery } from './exact-rows.ts';

/** A piece is handed on when it has so many rows, or about so many bytes of values. */
const pieceRows = 500;
const pieceBytes = 512 * 1024;

/** All rows of a table, in the order of its key. */
export function allRows(shape: TableShape): RowQuery {
  return {
    columns: namesOf(shape),
    from: `FROM main.${quoteIdentifier(shape.name)} ORDER BY ${shape.key.map(quoteIdentifier).join(', ')}`,
    parameters: [],
  };
}

export function namesOf({ columns }: TableShape): string[] {
  return columns.map(({ name }) => name);
}

/** Rows of a query as changes of the table `index`. */
export function* upserts(database: Database, index: number, query: RowQuery): Generator<Change> {
  for (const cells of exactRows(database, query)) yield { kind: 'upsert', table: index, cells };
}

/** Rows with nothing to tell them apart by: what stands for their key is their hash and a running number. */
export function* numberedRows(database: Database, index: number, shape: TableShape): Generator<Change> {
  const columns = namesOf(shape).filter((name) => name !== contentKey);
  const query = { columns, from: `FROM main.${quoteIdentifier(shape.name)}`, parameters: [] };
  let count = 0;
  for (const cells of exactRows(database, query)) {
    count += 1;
    yield { kind: 'upsert', table: index, cells: [...cells, `${rowHashText(cells)}:${count}`] };
  }
}

/** What is there now of each key: first those that are gone, then the rows, table by table. */
export function* currentRows(
  database: Database,
  tables: readonly { readonly id: number; readonly shape: TableShape }[],
  keys: readonly LoggedKey[],
): Generator<Change> {
  const lookups = new Map(
    tables.map(({ id, shape }, index) => [id, { index, find: rowFinder(database, shape) }]),
  );
  const there: LoggedKey[] = [];
  for (const logged of keys) {
    const lookup = lookups.get(logged.table);
    if (lookup === undefined) continue;
    if (lookup.find.isThere(logged.key)) there.push(logged);
    else yield { kind: 'tombstone', table: lookup.index, key: logged.key };
  }
  for (const [id, { index, find }] of lookups)
    for (const { table, key } of there) {
      const cells = table === id ? find.row(key) : undefined;
      if (cells !== undefined) yield { kind: 'upsert', table: index, cells };
    }
}

interface RowFinder {
  isThere(key: readonly Cell[]): boolean;
  row(key: readonly Cell[]): Cell[] | undefined;
}

/** By the index first, then by the exact bytes: a key may have a collation that takes several for one. */
function rowFinder(database: Database, shape: TableShape): RowFinder {
  const prepared = new Map<string, Statement>();
  const statement = (sql: string) => {
    const found = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, found);
    return found;
  };
  const columns = namesOf(shape);
  const quick = columns.map(quoteIdentifier).join(', ');
  return {
    isThere(key) {
      const { from, parameters } = byKey(shape, key);
      return statement(`SELECT 1 ${from}`).get(...parameters) !== undefined;
    },
    row(key) {
      const { from, parameters } = byKey(shape, key);
      const row = statement(`SELECT ${quick} ${from}`)
        .raw()
        .safeIntegers()
        .get(...parameters) as Cell[] | undefined;
      if (row === undefined || !mayBeBroken(row)) return row;
      const [exact] = exactRows(database, { columns, from, parameters });
      return exact;
    },
  };
}

function byKey({ name, key }: TableShape, cells: readonly Cell[]): Omit<RowQuery, 'columns'> {
  const parameters: unknown[] = [];
  const terms = key.map((column, index) => {
    const { sql, value } = bound(cells[index] ?? null);
    parameters.push(value, value);
    const quoted = quoteIdentifier(column);
    return `${quoted} = ${sql} AND ${quoted} COLLATE BINARY IS ${sql}`;
  });
  return { from: `FROM main.${quoteIdentifier(name)} WHERE ${terms.join(' AND ')}`, parameters };
}

/** In pieces of bounded size. */
export function* inPieces(changes: Iterable<Change>): Generator<Change[], undefined> {
  let piece: Change[] = [];
  let bytes = 0;
  for (const change of changes) {
    piece.push(change);
    bytes += sizeOf(change.kind === 'upsert' ? change.cells : change.key);
    if (piece.length < pieceRows && bytes < pieceBytes) continue;
    yield piece;
    piece = [];
    bytes = 0;
  }
  if (piece.length > 0) yield piece;
  return undefined;
}

function sizeOf(cells: readonly Cell[]): number {
  let bytes = 0;
  for (const cell of cells) {
    if (typeof cell === 'string') bytes += cell.length;
    else if (cell instanceof Uint8Array) bytes += cell.length;
    else bytes += 8;
  }
  return bytes;
}

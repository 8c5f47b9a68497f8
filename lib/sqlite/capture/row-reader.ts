// Rows of one table, by key or in the order of their keys, as they are in the transaction that is open.
import type { Cell } from '../../delta/cell.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { bound, cellsOf, isUtf8, type RawCell } from './cells.ts';
import { columnList } from './table-facts.ts';

export interface RowReader {
  /** The row with exactly this key; undefined where there is none. */
  row(key: readonly Cell[]): Cell[] | undefined;
  /** Whether there is one. */
  has(key: readonly Cell[]): boolean;
  /** Rows after a key, in BINARY order; `after` undefined from the first. */
  rowsAfter(after: readonly Cell[] | undefined): IterableIterator<Cell[]>;
  keyOf(cells: readonly Cell[]): Cell[];
}

/** For a table with a primary key. Statements are prepared once for each way in which a key is bound. */
export function rowReader(database: Database, shape: TableShape): RowReader {
  const table = `main.${quoteIdentifier(shape.name)}`;
  const keys = shape.key.map(quoteIdentifier);
  const positions = shape.key.map((name) => shape.columns.findIndex((column) => column.name === name));
  const columns = columnList(shape);
  const utf8 = isUtf8(database);
  const prepared = preparer(database);
  const keyOf = (cells: readonly Cell[]) => positions.map((position) => cells[position] ?? null);
  /** The same row with its texts as they are stored. */
  const exact = (row: readonly RawCell[], key: readonly Cell[]): Cell[] => {
    if (!utf8) return [...row];
    const { where, values } = exactly(keys, key);
    return cellsOf(row, (column) => {
      const name = quoteIdentifier(shape.columns[column]?.name ?? '');
      const found = prepared(`SELECT CAST(${name} AS BLOB) FROM ${table} WHERE ${where}`).get(...values);
      return (found as [Buffer] | undefined)?.[0];
    });
  };
  /** The key behind another one, where its text cannot be believed. */
  const keyBehind = (previous: readonly Cell[] | undefined): Cell[] => {
    const { where, values } = behind(keys, previous);
    const asBytes = keys.map(
      (name) =>
        `typeof(${name}), CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) ELSE ${name} END`,
    );
    const found = prepared(
      `SELECT ${asBytes.join(', ')} FROM ${table} ${where} ${ordered(keys)} LIMIT 1`,
    ).get(...values) as RawCell[];
    return keys.map((_, index) => {
      const [type, value] = [found[index * 2], found[index * 2 + 1]];
      return type === 'text' && Buffer.isBuffer(value) ? { text: new Uint8Array(value) } : (value ?? null);
    });
  };
  return {
    keyOf,
    row(key) {
      const { where, values } = exactly(keys, key);
      const row = prepared(`SELECT ${columns} FROM ${table} WHERE ${where}`).get(...values) as
        RawCell[] | undefined;
      return row === undefined ? undefined : exact(row, key);
    },
    has(key) {
      const { where, values } = exactly(keys, key);
      return prepared(`SELECT 1 FROM ${table} WHERE ${where}`).get(...values) !== undefined;
    },
    *rowsAfter(after) {
      const { where, values } = behind(keys, after);
      let previous = after;
      const rows = prepared(`SELECT ${columns} FROM ${table} ${where} ${ordered(keys)}`).iterate(...values);
      for (const row of rows as IterableIterator<RawCell[]>) {
        const key = keyOf(row);
        const isPlain = !utf8 || !key.some((cell) => typeof cell === 'string' && cell.includes('\ufffd'));
        const cells = exact(row, isPlain ? key : keyBehind(previous));
        previous = keyOf(cells);
        yield cells;
      }
    },
  };
}

interface Prepared {
  get(...values: RawCell[]): unknown;
  iterate(...values: RawCell[]): IterableIterator<unknown>;
}

function preparer(database: Database): (sql: string) => Prepared {
  const statements = new Map<string, Prepared>();
  return (sql) => {
    const known = statements.get(sql) ?? database.prepare<RawCell[]>(sql).safeIntegers().raw();
    statements.set(sql, known);
    return known;
  };
}

/** The index first, then the very bytes: a key may have a collation that takes two for one. */
export function exactly(keys: readonly string[], key: readonly Cell[]): { where: string; values: RawCell[] } {
  const parts = key.map(bound);
  const isSame = keys.map((name, index) => {
    const mark = parts[index]?.sql;
    return `${name} = ${mark} AND ${name} COLLATE BINARY IS ${mark}`;
  });
  return { where: isSame.join(' AND '), values: parts.flatMap(({ value }) => [value, value]) };
}

/** `a > ? OR (a = ? AND b > ?)`, with what helps the index of the first part: `a >= ?`. */
export function behind(
  keys: readonly string[],
  after: readonly Cell[] | undefined,
): { where: string; values: RawCell[] } {
  if (after === undefined) return { where: '', values: [] };
  const parts = after.map(bound);
  const binary = keys.map((name) => `${name} COLLATE BINARY`);
  const steps = keys.map((_, index) => {
    const same = binary.slice(0, index).map((name, at) => `${name} = ${parts[at]?.sql}`);
    return `(${[...same, `${binary[index]} > ${parts[index]?.sql}`].join(' AND ')})`;
  });
  const values = parts.map(({ value }) => value);
  return {
    where: `WHERE ${binary[0]} >= ${parts[0]?.sql} AND (${steps.join(' OR ')})`,
    values: [values[0] ?? null, ...values.flatMap((_, index) => values.slice(0, index + 1))],
  };
}

function ordered(keys: readonly string[]): string {
  return `ORDER BY ${keys.map((name) => `${name} COLLATE BINARY`).join(', ')}`;
}

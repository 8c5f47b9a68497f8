// How many rows of a table a walk through it has still before it.
import type { Cell } from '../../delta/cell.ts';
import type { TableShape } from '../../delta/shape.ts';
import { behind } from '../capture/row-reader.ts';
import { quoteIdentifier } from '../open.ts';
import type { RawCell } from './exact-cells.ts';
import type { ReadRows } from './read-buckets.ts';
import { rowidName, type ScannedTable } from './scanned-table.ts';

/**
 * Those with keys behind this one, of all where there is none. Undefined where they would have to be counted a few at a time, and
 * there is no number to go by.
 */
export async function countBehind(
  { database, shape }: ScannedTable,
  key: readonly Cell[] | undefined,
  read: ReadRows,
): Promise<number | undefined> {
  const table = `main.${quoteIdentifier(shape.name)}`;
  const rowid = rowidName(database, shape.name);
  let rows: number | undefined = 0;
  let at = key === undefined ? -(2n ** 63n) : rowidOf(shape, key);
  await read({
    readAll() {
      const { where, values } = behind(shape.key.map(quoteIdentifier), key);
      rows = database
        .prepare<RawCell[], number>(`SELECT count(*) FROM ${table} ${where}`)
        .pluck()
        .get(...values);
    },
    step(size) {
      if (rowid === undefined || at === undefined || rows === undefined) {
        rows = undefined;
        return false;
      }
      const [count, last] = database
        .prepare<[bigint, number]>(
          `SELECT count(*), max(r) FROM (SELECT ${rowid} AS r FROM ${table} WHERE ${rowid} > ? ORDER BY ${rowid} LIMIT ?)`,
        )
        .safeIntegers()
        .raw()
        .get(at, size) as [bigint, bigint | null];
      rows += Number(count);
      at = last ?? at;
      return Number(count) === size;
    },
  });
  return rows;
}

/** A row whose key is a number of this declaration has no other number. */
function rowidOf({ columns, key: [name, ...others] }: TableShape, [cell]: readonly Cell[]) {
  const declared = columns.find((column) => column.name === name)?.declared.toUpperCase();
  return others.length === 0 && declared === 'INTEGER' && typeof cell === 'bigint' ? cell : undefined;
}

// What the rows of a table amount to: digests of buckets, rows a day, and the keys of a bucket. Of a source and of a mirror
// alike, or two that hold the same would not say the same.
import { Buckets, daysOf } from '../../delta/buckets.ts';
import { rowHashText } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import type { BucketQuery, Digest } from '../../delta/peer.ts';
import type { TableShape } from '../../delta/shape.ts';
import { quoteIdentifier } from '../open.ts';
import { RowScan } from './row-scan.ts';
import { dayExpression, dayOrNull, type ScannedTable } from './scanned-table.ts';

export interface DayRows {
  readonly day: string | null;
  readonly rows: number;
}

export interface KeyHash {
  readonly key: readonly Cell[];
  /** Of the whole row. */
  readonly hash: string;
}

/** How a table is read to its end: as one instant, or a step at a time (read-live.ts). */
export type ReadRows = (scan: Pick<RowScan, 'readAll' | 'step'>) => Promise<void>;

/** In one statement, or in the transaction that is open. */
export const readAtOnce: ReadRows = (scan) => {
  scan.readAll();
  return Promise.resolve();
};

/** Of the buckets of one table, in their order: one pass over it. */
export async function readDigests(
  table: ScannedTable,
  queries: readonly BucketQuery[],
  read = readAtOnce,
): Promise<readonly Digest[]> {
  const buckets = new Buckets(queries);
  const keyOf = keyReader(table.shape);
  const scan = new RowScan(table, daysOf(queries), (cells, day) => {
    let keyHash: string | undefined;
    buckets.add({ hash: rowHashText(cells), keyHash: () => (keyHash ??= rowHashText(keyOf(cells))), day });
  });
  await read(scan);
  return buckets.digests();
}

/** Keys and hashes of the rows of the buckets, at most `limit` of all together. */
export async function readKeys(
  table: ScannedTable,
  queries: readonly BucketQuery[],
  limit: number,
  read = readAtOnce,
): Promise<readonly KeyHash[]> {
  const keyOf = keyReader(table.shape);
  const found: KeyHash[] = [];
  const scan = new RowScan(table, daysOf(queries), (cells, day) => {
    if (found.length >= limit) return;
    const key = keyOf(cells);
    let keyHash: string | undefined;
    const isAsked = queries.some(
      ({ day: asked, prefix = '' }) =>
        (asked === undefined || asked === day) &&
        (prefix === '' || (keyHash ??= rowHashText(key)).startsWith(prefix)),
    );
    if (isAsked) found.push({ key, hash: rowHashText(cells) });
  });
  await read(scan);
  return found;
}

/** Rows a day, the days in order, those without one last; of a table without days all rows under null. */
export function readDays(table: ScannedTable): DayRows[] {
  const { database, shape, where } = table;
  const from = `FROM main.${quoteIdentifier(shape.name)} AS t WHERE ${where ?? '1'}`;
  const groups = database
    .prepare(`SELECT ${dayExpression(table)} AS day, count(*) ${from} GROUP BY 1 COLLATE BINARY`)
    .raw()
    .all() as [Cell, number][];
  const days = new Map<string | null, number>();
  for (const [cell, rows] of groups) {
    const day = dayOrNull(cell);
    days.set(day, (days.get(day) ?? 0) + rows);
  }
  return inOrder(days);
}

/** The same of a table that is not read in one statement. */
export async function countDays(table: ScannedTable, read: ReadRows): Promise<DayRows[]> {
  const days = new Map<string | null, number>();
  await read(new RowScan(table, undefined, (_, day) => void days.set(day, (days.get(day) ?? 0) + 1)));
  return inOrder(days);
}

function inOrder(days: ReadonlyMap<string | null, number>): DayRows[] {
  const order = (day: string | null) => day ?? '~';
  return [...days]
    .map(([day, rows]) => ({ day, rows }))
    .sort((one, other) => (order(one.day) < order(other.day) ? -1 : 1));
}

/** The key of a row, in the order of the shape's key. */
function keyReader({ columns, key }: TableShape): (cells: readonly Cell[]) => Cell[] {
  const positions = key.map((name) => columns.findIndex((column) => column.name === name));
  return (cells) => positions.map((position) => cells[position] ?? null);
}

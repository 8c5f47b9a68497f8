// The rows of a table as they are stored, for what compares them: a hash kept beside a row would not see it change.
import { rowHashText } from '../../delta/canonical.ts';
import type { BucketRow } from '../../delta/buckets.ts';
import type { Cell } from '../../delta/cell.ts';
import { dayOfCell } from '../../delta/day.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { exactCells, exactColumns, mayBeBroken } from './cells.ts';
import { daySql, isDaySql } from './day-sql.ts';
import { findSource } from './ledger.ts';

/** Which rows of a table. */
export interface RowSelection {
  /** Only those last written for this source. */
  readonly source?: string | undefined;
  /** Only those of these days; of all where they are undefined. */
  readonly days?: ReadonlySet<string | null> | undefined;
  /** Also those that no source has any more, or never had. */
  readonly isWhole?: boolean;
  /** Whether each row's day is told though all are read; it is where some days are asked for. */
  readonly tellsDay?: boolean;
}

export interface StoredBucketRow extends BucketRow {
  readonly key: readonly Cell[];
}

/** In the order of the key. */
export function* bucketRows(
  database: Database,
  policy: ReplicaPolicy,
  shape: TableShape,
  selection: RowSelection,
): Generator<StoredBucketRow> {
  const keyIndexes = shape.key.map((name) => shape.columns.findIndex((column) => column.name === name));
  for (const cells of shapeRows(database, policy, shape, selection)) {
    const day = dayOfCell(cells.pop() ?? null) ?? null;
    const key = keyIndexes.map((index) => cells[index] ?? null);
    yield { key, day, hash: rowHashText(cells), keyHash: () => rowHashText(key) };
  }
}

/** The columns of the shape, and behind them what the row says of its day where days are asked for, else NULL. */
function* shapeRows(
  database: Database,
  policy: ReplicaPolicy,
  shape: TableShape,
  selection: RowSelection,
): Generator<Cell[]> {
  const { days, tellsDay = days !== undefined } = selection;
  const day = tellsDay ? daySql(database, policy, shape) : undefined;
  const { where, parameters } = conditions(database, selection, day);
  const names = shape.columns.map(({ name }) => name);
  const select = (columns: string, rest = '') =>
    database
      .prepare(
        `SELECT ${columns}, ${day?.of('t') ?? 'NULL'} FROM ${quoteIdentifier(shape.name)} AS t WHERE ${where}
         ORDER BY ${shape.key.map((name) => `t.${quoteIdentifier(name)}`).join(', ')} ${rest}`,
      )
      .raw()
      .safeIntegers()
      .iterate(...parameters) as IterableIterator<Cell[]>;
  let count = 0;
  for (const cells of select(names.map((name) => `t.${quoteIdentifier(name)}`).join(', '))) {
    if (mayBeBroken(cells)) break;
    count += 1;
    yield cells;
  }
  // From the first text on that the driver may have mended, all are read with their bytes.
  for (const row of select(exactColumns(names, 't'), `LIMIT -1 OFFSET ${count}`))
    yield [...exactCells(row.slice(0, -1)), row.at(-1) ?? null];
}

function conditions(
  database: Database,
  { source, days, isWhole = false }: RowSelection,
  day: ReturnType<typeof daySql>,
): { where: string; parameters: unknown[] } {
  const [all, parameters] = [isWhole ? ['1'] : ['t._holdfast_source > 0'], [] as unknown[]];
  if (source !== undefined) {
    all.push('t._holdfast_source = ?');
    parameters.push(BigInt(findSource(database, source)?.id ?? -1));
  }
  if (days === undefined) return { where: all.join(' AND '), parameters };
  const named = [...days].filter((one) => one !== null);
  const some = [
    ...(named.length > 0 && day !== undefined ? [day.isOneOf('t', named.length)] : []),
    // A day that is none is NULL to everybody, and so are those of a table without.
    ...(days.has(null) ? [day === undefined ? '1' : `NOT ${isDaySql(day.of('t'))}`] : []),
  ];
  if (day !== undefined) parameters.push(...named);
  return { where: [...all, some.length === 0 ? '0' : `(${some.join(' OR ')})`].join(' AND '), parameters };
}

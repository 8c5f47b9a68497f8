// The SQL by which the rows of one table are read with their day, of a source as of a mirror.
import { dayOfCell } from '../../delta/day.ts';
import type { Cell } from '../../delta/cell.ts';
import type { DayRule } from '../../delta/policy.ts';
import { contentKey, type TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../open.ts';

/** A table whose rows are read. */
export interface ScannedTable {
  readonly database: Database;
  readonly shape: TableShape;
  /** How the day of a row is told; undefined where it has none. */
  readonly day: DayRule | undefined;
  /** Which rows count, as a condition in SQL; all without. */
  readonly where?: string | undefined;
}

/** Its columns as they are read: without the key that only its mirror has. */
export function storedColumns({ database, shape }: ScannedTable): string[] {
  const names = shape.columns.map(({ name }) => name);
  if (shape.identity !== 'content') return names;
  return hasColumn(database, shape.name, contentKey) ? names : names.filter((name) => name !== contentKey);
}

/** The name that stands for the number of a row; undefined where the table has none, or columns with all of its names. */
export function rowidName(database: Database, table: string): string | undefined {
  const isWithout = database
    .prepare(`SELECT wr FROM pragma_table_list WHERE schema = 'main' AND lower(name) = lower(?)`)
    .pluck()
    .get(table);
  if (Number(isWithout ?? 0) !== 0) return undefined;
  return ['rowid', '_rowid_', 'oid'].find((name) => !hasColumn(database, table, name));
}

/** An expression for the cell that says the day of a row of `t`: NULL where nothing does. */
export function dayExpression({ database, shape, day }: ScannedTable): string {
  if (day === undefined || !hasColumn(database, shape.name, day.column)) return 'NULL';
  const column = `t.${quoteIdentifier(day.column)}`;
  if (!('parent' in day)) return column;
  const { table, key, day: dayColumn } = day.parent;
  if (!hasColumn(database, table, key) || !hasColumn(database, table, dayColumn)) return 'NULL';
  // The sign makes it a value like one that is bound: the column of the parent alone says what it is compared as.
  return `(SELECT p.${quoteIdentifier(dayColumn)} FROM main.${quoteIdentifier(table)} p
            WHERE p.${quoteIdentifier(key)} = +${column} LIMIT 1)`;
}

/**
 * A condition that all rows of these days fulfil, and few others, for an index to help with; undefined where none can be
 * given. Its parameters are the days.
 */
export function dayCondition(table: ScannedTable, days: ReadonlySet<string | null>): string | undefined {
  const { database, day } = table;
  if (day === undefined || days.has(null) || days.size === 0 || days.size > 100) return undefined;
  if (dayExpression(table) === 'NULL') return undefined;
  const marks = Array(days.size).fill('?').join(', ');
  const column = `t.${quoteIdentifier(day.column)}`;
  if (!('parent' in day)) return `${column} IN (${marks})`;
  const { parent } = day;
  if (!hasColumn(database, parent.table, parent.key)) return undefined;
  return `${column} IN (SELECT p.${quoteIdentifier(parent.key)} FROM main.${quoteIdentifier(parent.table)} p
            WHERE p.${quoteIdentifier(parent.day)} IN (${marks}))`;
}

/** Null for a cell that says no day. */
export function dayOrNull(cell: Cell | undefined): string | null {
  return dayOfCell(cell) ?? null;
}

function hasColumn(database: Database, table: string, column: string): boolean {
  const found = database
    .prepare(`SELECT 1 FROM pragma_table_xinfo(?) WHERE lower(name) = lower(?)`)
    .get(table, column);
  return found !== undefined;
}

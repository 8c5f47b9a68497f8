// The service day of a row: what a column says, of its own or of its parent's row. Never a time stamp: nights run past midnight.
import type { Cell } from './cell.ts';
import type { DayRule, ReplicaPolicy, TablePolicy } from './policy.ts';

/** The day that a cell says, `2026-11-27`: one that the calendar has. Undefined for anything else. */
export function dayOfCell(cell: Cell | undefined): string | undefined {
  if (typeof cell !== 'string') return undefined;
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(cell) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(`${cell}T00:00:00Z`);
  const isThere = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
  return isThere ? cell : undefined;
}

/** What an operator decided of a table. Names differ by letter case alone nowhere. */
export function policyOf({ tables, otherTables }: ReplicaPolicy, table: string): TablePolicy {
  return named(tables, table) ?? otherTables;
}

/**
 * How the day of the rows of `table` is told; undefined where they have none. A table whose rows are the days of others'
 * has the day that those read in it, also where nobody said so: a frozen day would move with it.
 */
export function dayRuleOf(policy: ReplicaPolicy, table: string): DayRule | undefined {
  const own = policyOf(policy, table).day;
  if (own !== undefined) return own;
  for (const { day } of Object.values(policy.tables)) {
    if (day !== undefined && 'parent' in day && isSameName(day.parent.table, table))
      return { column: day.parent.day };
  }
  return undefined;
}

/** As SQLite compares names. */
export function isSameName(one: string, other: string): boolean {
  return one === other || lower(one) === lower(other);
}

function named<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(record, name)) return record[name];
  return Object.entries(record).find(([key]) => isSameName(key, name))?.[1];
}

/** Of the letters A to Z alone, as SQLite does. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

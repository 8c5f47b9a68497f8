// The service day of a row: what a column says, of its own or of its parent's row. Never a time stamp: nights run past midnight.
import type { Cell } from './cell.ts';
import type { DayRule, ReplicaPolicy, TablePolicy } from './policy.ts';

/** The day that a cell says, `2026-11-27`: one that the calendar has. Undefined for anything else. */
export function dayOfCell(cell: Cell | undefined): string | undefined {
  if (typeof cell !== 'string') return undefined;
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(cell) ?? [];
  if (year === undefined) return undefined;
  const isThere = Number(day) >= 1 && Number(day) <= daysIn(Number(year), Number(month));
  return isThere ? cell : undefined;
}

/** By the calendar, and without a Date: rows are many. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
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

/** The tables whose rows have their day from rows of one of `parents`. */
export function childrenOf({ tables }: ReplicaPolicy, parents: readonly string[]): string[] {
  return Object.entries(tables).flatMap(([name, { day }]) => {
    const isChild =
      day !== undefined && 'parent' in day && parents.some((parent) => isSameName(parent, day.parent.table));
    return isChild ? [name] : [];
  });
}

/** As SQLite compares names. */
export function isSameName(one: string, other: string): boolean {
  return one === other || lower(one) === lower(other);
}

/** The entry of a name in what is kept by name; undefined where there is none. */
export function named<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(record, name)) return record[name];
  return Object.entries(record).find(([key]) => isSameName(key, name))?.[1];
}

/** Of the letters A to Z alone, as SQLite does. */
function lower(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

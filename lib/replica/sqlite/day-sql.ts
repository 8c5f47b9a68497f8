// The day of a row as SQL, by the rule that an operator gave.
import { dayRuleOf, isSameName } from '../../delta/day.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { knownShape } from './shapes.ts';

export interface DaySql {
  /** What the column says for the row of this name: a day, or something else. */
  of(row: string): string;
  /** Whether it is one of `count` days, which are parameters. Parents are looked for once, not for each row. */
  isOneOf(row: string, count: number): string;
}

/** Undefined where the rows of the table have none, or a column is missing that it asks for. */
export function daySql(database: Database, policy: ReplicaPolicy, shape: TableShape): DaySql | undefined {
  const rule = dayRuleOf(policy, shape.name);
  if (rule === undefined || !hasColumn(shape, rule.column)) return undefined;
  const column = (row: string) => `${row}.${quoteIdentifier(rule.column)}`;
  const list = (count: number) => Array<string>(count).fill('?').join(', ');
  if (!('parent' in rule))
    return { of: column, isOneOf: (row, count) => `${column(row)} IN (${list(count)})` };
  const { table, key, day } = rule.parent;
  const parent = knownShape(database, table)?.shape;
  if (!hasColumn(parent, key) || !hasColumn(parent, day)) return undefined;
  const [from, keySql, dayOf] = [quoteIdentifier(table), quoteIdentifier(key), quoteIdentifier(day)];
  return {
    of: (row) => `(SELECT p.${dayOf} FROM ${from} AS p WHERE p.${keySql} = ${column(row)})`,
    isOneOf: (row, count) =>
      `${column(row)} IN (SELECT p.${keySql} FROM ${from} AS p WHERE p.${dayOf} IN (${list(count)}))`,
  };
}

/** Whether a value is a day of the calendar, as dayOfCell has it: then SQLite gives it back as it is. */
export function isDaySql(value: string): string {
  return `(typeof(${value}) = 'text' AND length(${value}) = 10 AND date(${value}, '+0 days') IS ${value})`;
}

/** Whether the shape has the column, as SQLite compares names. */
export function hasColumn(shape: TableShape | undefined, name: string): boolean {
  return shape?.columns.some((column) => isSameName(column.name, name)) === true;
}

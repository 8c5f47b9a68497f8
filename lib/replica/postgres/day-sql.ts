// The day of a row as SQL: a column of its own, or one in its parent's row.
import { dayRuleOf, isSameName } from '../../delta/day.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { ColumnShape, TableShape } from '../../delta/shape.ts';
import { type ColumnKind, kindOf } from './column.ts';
import { literal, quote } from '../../postgres/names.ts';

export interface DaySql {
  /** Of the column that has it. */
  readonly kind: ColumnKind;
  /** What may be the day of the row called so. */
  of(row: string): string;
  /** Whether it is one of those. */
  isOneOf(row: string, days: readonly string[]): string;
  /** The same of the row `f` with the day in `day`, as a join. */
  joinFrozen(row: string): string;
}

/** Of a table as it is made among the others; undefined where its rows belong to no day that can be told. */
export function daySqlOf(
  { policy, schema }: { policy: ReplicaPolicy; schema: string },
  table: TableShape,
  others: readonly TableShape[],
): DaySql | undefined {
  const rule = dayRuleOf(policy, table.name);
  const column = rule && columnOf(table, rule.column);
  if (rule === undefined || column === undefined) return undefined;
  if (!('parent' in rule)) {
    return {
      kind: kindOf(column.declared),
      of: (row) => `${row}.${quote(column.name)}`,
      isOneOf: (row, days) => `${textOf(row, column)} in ${list(days)}`,
      joinFrozen: (row) => `join _holdfast_frozen_day f on f.day = ${textOf(row, column)}`,
    };
  }
  const parent = others.find(({ name }) => isSameName(name, rule.parent.table));
  const key = parent && columnOf(parent, rule.parent.key);
  const day = parent && columnOf(parent, rule.parent.day);
  if (parent === undefined || key === undefined || day === undefined) return undefined;
  const from = `${quote(schema)}.${quote(parent.name)} p`;
  const same = (row: string) =>
    kindOf(key.declared) === kindOf(column.declared)
      ? `p.${quote(key.name)} = ${row}.${quote(column.name)}`
      : `${textOf('p', key)} = ${textOf(row, column)}`;
  return {
    kind: kindOf(day.declared),
    of: (row) => `(select p.${quote(day.name)} from ${from} where ${same(row)} limit 1)`,
    isOneOf: (row, days) =>
      `exists (select from ${from} where ${same(row)} and ${textOf('p', day)} in ${list(days)})`,
    joinFrozen: (row) =>
      `join ${from} on ${same(row)} join _holdfast_frozen_day f on f.day = ${textOf('p', day)}`,
  };
}

function list(days: readonly string[]): string {
  return `(${days.map(literal).join(', ')})`;
}

function columnOf(table: TableShape, name: string): ColumnShape | undefined {
  return table.columns.find((column) => isSameName(column.name, name));
}

/** A day is the whole text, in a column without a type as well. */
function textOf(row: string, { name, declared }: ColumnShape): string {
  const value = `${row}.${quote(name)}`;
  return kindOf(declared) === 'any' ? `${value} #>> '{}'` : `${value}::text`;
}

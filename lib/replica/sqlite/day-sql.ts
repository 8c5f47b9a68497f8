// The day of a row as SQL, by the rule that an operator gave.
import { dayRuleOf, isSameName } from '../../delta/day.ts';
import type { DayRule, ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { quoteIdentifier } from '../../sqlite/open.ts';

/** How the days of the table's rows are told; undefined where they have none, or a column is missing that the rule names. */
export function usableRule(
  policy: ReplicaPolicy,
  shape: TableShape,
  shapes: readonly TableShape[],
): DayRule | undefined {
  const rule = dayRuleOf(policy, shape.name);
  if (rule === undefined || !hasColumn(shape, rule.column)) return undefined;
  if (!('parent' in rule)) return rule;
  const { table, key, day } = rule.parent;
  const parent = shapes.find(({ name }) => isSameName(name, table));
  return hasColumn(parent, key) && hasColumn(parent, day) ? rule : undefined;
}

/** What says the day of the row of this name: a day, or something else. */
export function daySql(rule: DayRule, row: string): string {
  const column = `${row}.${quoteIdentifier(rule.column)}`;
  if (!('parent' in rule)) return column;
  const { table, key, day } = rule.parent;
  // The sign makes it a value like one that is bound: the column of the parent alone says what it is compared as.
  return `(SELECT p.${quoteIdentifier(day)} FROM ${quoteIdentifier(table)} AS p
    WHERE p.${quoteIdentifier(key)} = +${column} LIMIT 1)`;
}

function hasColumn(shape: TableShape | undefined, name: string): boolean {
  return shape?.columns.some((column) => isSameName(column.name, name)) === true;
}

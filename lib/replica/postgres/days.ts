// The service days of rows: in a column of theirs, or in the row of their parent as it stands in the replica.
import type { Cell } from '../../delta/cell.ts';
import { dayOfCell, dayRuleOf, isSameName } from '../../delta/day.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { Session } from '../../postgres/writer.ts';
import { decode, encode, kindOf, sqlTypes, Unfit } from './column.ts';
import type { KnownTables } from './known-tables.ts';
import type { Mirror } from './mirror.ts';
import { quote } from '../../postgres/names.ts';
import { arrayOf } from './sql.ts';

/** The days of rows of one table, in their order; undefined where it has none. */
export type DaysOf = (rows: readonly (readonly Cell[])[]) => Promise<(string | undefined)[]>;

/** How the days of a table's rows are found; undefined where they belong to none. */
export function daysOf(
  session: Session,
  { policy, schema, tables }: { policy: ReplicaPolicy; schema: string; tables: KnownTables },
  mirror: Mirror,
): DaysOf | undefined {
  const rule = dayRuleOf(policy, mirror.name);
  if (rule === undefined) return undefined;
  const at = mirror.columns.findIndex(({ name }) => isSameName(name, rule.column));
  if (!('parent' in rule)) return (rows) => Promise.resolve(rows.map((cells) => dayOfCell(cells[at])));
  const { parent } = rule;
  return async (rows) => {
    const made = tables.find(parent.table)?.made;
    if (made === undefined) return rows.map(() => undefined);
    return parentDays(
      session,
      schema,
      { made, ...parent },
      rows.map((cells) => cells[at] ?? null),
    );
  };
}

async function parentDays(
  { run }: Session,
  schema: string,
  parent: { made: TableShape; key: string; day: string },
  cells: readonly Cell[],
): Promise<(string | undefined)[]> {
  const column = (name: string) => parent.made.columns.find((one) => isSameName(one.name, name));
  const [key, day] = [column(parent.key), column(parent.day)];
  if (key === undefined || day === undefined) return cells.map(() => undefined);
  const keyKind = kindOf(key.declared);
  const values = cells.map((cell) => {
    const value = encode(cell, keyKind);
    return value instanceof Unfit ? null : value;
  });
  // Thousands of rows have few parents.
  const asked = [...new Set(values.filter((value) => value !== null))];
  const { rows } = await run(
    `select g.i, p.${quote(day.name)} from unnest($1::${sqlTypes[keyKind]}[]) with ordinality as g(k, i)
     join ${quote(schema)}.${quote(parent.made.name)} p on p.${quote(key.name)} = g.k`,
    [arrayOf(asked)],
  );
  const dayKind = kindOf(day.declared);
  const found = new Map(
    rows.map(([i, value = null]) => [asked[Number(i) - 1], dayOfCell(decode(value, dayKind))]),
  );
  return values.map((value) => (value === null ? undefined : found.get(value)));
}

// The day and the stamp of rows as the policy tells them, also through the row of a parent.
import type { Cell } from '../../delta/cell.ts';
import { dayOfCell, dayRuleOf, isSameName, policyOf } from '../../delta/day.ts';
import { formatKey } from '../../delta/held-payload.ts';
import { stampOf } from '../../delta/last-write.ts';
import type { DayRule, ReplicaPolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { CellStatement } from './cells.ts';

/** What is told of the rows of one table, in the order of its shape's columns. */
export interface RowFacts {
  readonly hasDay: boolean;
  dayOf(cells: readonly Cell[]): string | undefined;
  /** Of the column that has it; undefined where there is none, or it says no time. */
  stampOf(cells: readonly Cell[]): number | undefined;
}

/** Days of parents are looked up once, until a row of them changes. */
export class ParentDays {
  readonly #database: Database;
  readonly #days = new Map<string, Map<string, string | undefined>>();
  readonly #statements = new Map<string, CellStatement>();

  constructor(database: Database) {
    this.#database = database;
  }

  dayOf({ table, key, day }: ParentRule, value: Cell): string | undefined {
    if (value === null) return undefined;
    const name = table.toLowerCase();
    const days = this.#days.get(name) ?? new Map<string, string | undefined>();
    this.#days.set(name, days);
    const text = formatKey([value]);
    if (days.has(text)) return days.get(text);
    if (days.size >= rememberedDays) days.clear();
    const found = dayOfCell(this.#statement({ table, key, day })?.get([value])?.[0]);
    days.set(text, found);
    return found;
  }

  /** A row of the table has changed. */
  forget(table: string): void {
    this.#days.get(table.toLowerCase())?.clear();
  }

  /** Undefined where the parent's table is not there (yet). */
  #statement({ table, key, day }: ParentRule): CellStatement | undefined {
    const known = this.#statements.get(table.toLowerCase());
    if (known !== undefined) return known;
    const columns = this.#database
      .prepare(`SELECT name FROM pragma_table_info(?)`)
      .pluck()
      .all(table) as string[];
    if (![key, day].every((name) => columns.some((column) => isSameName(column, name)))) return undefined;
    const made = new CellStatement(
      this.#database,
      { count: 1, isQuery: true },
      ([value]) =>
        `SELECT ${quoteIdentifier(day)} FROM ${quoteIdentifier(table)} WHERE ${quoteIdentifier(key)} = ${value}`,
    );
    this.#statements.set(table.toLowerCase(), made);
    return made;
  }
}

const rememberedDays = 50_000;

type ParentRule = Extract<DayRule, { parent: unknown }>['parent'];

export function rowFacts(policy: ReplicaPolicy, shape: TableShape, parents: ParentDays): RowFacts {
  const indexOf = (name: string) => shape.columns.findIndex((column) => isSameName(column.name, name));
  const rule = dayRuleOf(policy, shape.name);
  const { updatedAt } = policyOf(policy, shape.name);
  const dayIndex = rule === undefined ? -1 : indexOf(rule.column);
  const stampIndex = updatedAt === undefined ? -1 : indexOf(updatedAt);
  return {
    hasDay: rule !== undefined,
    dayOf(cells) {
      const cell = cells[dayIndex];
      if (rule === undefined || cell === undefined) return undefined;
      return 'parent' in rule ? parents.dayOf(rule.parent, cell) : dayOfCell(cell);
    },
    stampOf(cells) {
      const cell = cells[stampIndex];
      return cell === undefined ? undefined : stampOf(cell);
    },
  };
}

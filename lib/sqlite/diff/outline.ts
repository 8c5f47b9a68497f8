// What there is to compare: the tables of both sides with their rows, and where their schemas differ.
import { errorMessage } from '../../base/errors.ts';
import type { Database } from '../open.ts';
import { type CountableTable, countableTables, countTable } from '../table-rows.ts';
import { schemaDiffs } from './schema.ts';
import type { CountedTable, DiffOutline } from '../../source/database-diff.ts';
import { folded } from './shape.ts';
import type { Sides } from './sides.ts';

/** Of all tables, or of the one that is named. */
export function outlineOf({ both, now }: Sides, table: string | undefined): DiffOutline {
  const [then, since] = [
    tablesOf(both, table),
    now === undefined ? new Map<string, CountableTable>() : tablesOf(now, table),
  ];
  const names = [...new Set([...since.keys(), ...then.keys()])].sort();
  const shadows = new Set([...shadowsOf(both), ...(now === undefined ? [] : shadowsOf(now))]);
  return {
    tables: names.map((name) =>
      counted({ database: both, table: then.get(name) }, { database: now, table: since.get(name) }, shadows),
    ),
    schema: now === undefined ? [] : schemaDiffs(both, now, table),
  };
}

interface OneSide {
  database: Database | undefined;
  table: CountableTable | undefined;
}

function counted(backup: OneSide, now: OneSide, shadows: ReadonlySet<string>): CountedTable {
  const [then, since] = [rowsIn(backup), rowsIn(now)];
  const name = (now.table ?? backup.table)?.name ?? '';
  const isNamed = [now, backup].every(({ table }) => table?.isNamed !== false);
  const problem = then.problem ?? since.problem ?? (isNamed ? undefined : 'its name is no text');
  return {
    name,
    backup: then.rows,
    now: since.rows,
    isShadow: shadows.has(name),
    isIn: now.table === undefined ? 'backup' : backup.table === undefined ? 'now' : 'both',
    ...(problem === undefined ? {} : { problem }),
  };
}

function rowsIn({ database, table }: OneSide): { rows: number | undefined; problem?: string } {
  if (database === undefined || table === undefined) return { rows: undefined };
  try {
    return { rows: countTable(database, table) };
  } catch (error) {
    return { rows: undefined, problem: errorMessage(error) };
  }
}

function tablesOf(database: Database, only: string | undefined): Map<string, CountableTable> {
  const tables = countableTables(database).map((table) => [folded(table.name), table] as const);
  return new Map(only === undefined ? tables : tables.filter(([name]) => name === folded(only)));
}

function shadowsOf(database: Database): string[] {
  return database
    .prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
    .pluck()
    .all() as string[];
}

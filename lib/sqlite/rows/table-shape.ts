// How the rows of one table are read: all columns that hold data, in an order that stays while the rows do.
import { OpsError } from '../../base/errors.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { fitsBatches, type NumberedTable } from './batches.ts';
import type { TableList } from '../../export/rows.ts';
import type { Selection } from './read-cells.ts';
import { virtualTable } from './virtual-table.ts';

interface Column {
  name: string;
  /** As it was declared. */
  type: string;
  /** Its place in the primary key, from 1; 0 for the others. */
  pk: number;
  /** 0: as written; 1: a parameter of a virtual table, which is no data; 2 and 3: generated. */
  hidden: number;
}

const rowidNames = ['rowid', '_rowid_', 'oid'];

/** The tables with rows of their own that are nobody's index, sorted by name. */
export function dataTables(database: Database): TableList {
  const list: TableList = { data: [], unreadable: [] };
  const tables = database
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_holdfast\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .pluck()
    .all() as string[];
  for (const name of tables) {
    const holds = virtualTable(database, name)?.holds ?? 'data';
    if (holds === 'data') list.data.push(name);
    if (holds === 'unreadable') list.unreadable.push(name);
  }
  return list;
}

/** All rows of a table or a view. Throws OpsError `config` where there is none of that name. */
export function wholeTable(database: Database, table: string): Selection {
  const columns = columnsOf(database, table);
  const names = columns.filter(({ hidden }) => hidden !== 1).map(({ name }) => name);
  const hasNumbers = virtualTable(database, table)?.hasNumbers === true;
  return {
    columns: hasNumbers ? ['rowid', ...names] : names,
    from: `FROM main.${quoteIdentifier(table)}`,
    order: `ORDER BY ${order(database, table, columns)}`,
    parameters: [],
  };
}

/** The same of a table that batches can be read from; undefined for any other. */
export function numberedTable(database: Database, table: string): NumberedTable | undefined {
  const columns = columnsOf(database, table);
  const rowid = rowidName(database, table, columns);
  const names = columns.map(({ name }) => name);
  if (virtualTable(database, table) !== undefined) return undefined; // a range of one may cost all of it
  // What a generated column gives may be JSON to SQLite's functions, and not the text that it is.
  if (rowid === undefined || columns.some(({ hidden }) => hidden !== 0)) return undefined;
  const texts = new Set(columns.filter(isText).map(({ name }) => name));
  const key = rowidColumn(database, table, columns);
  return fitsBatches(names) ? { table, columns: names, texts, key, rowid } : undefined;
}

/** The rows of a numbered table from `first` to `last`. */
export function someRows(
  database: Database,
  { table, rowid }: NumberedTable,
  first: bigint,
  last: bigint,
): Selection {
  const whole = wholeTable(database, table);
  return { ...whole, from: `${whole.from} WHERE ${rowid} BETWEEN ? AND ?`, parameters: [first, last] };
}

/** The rows of a table whose `column` is `value`. */
export function partOfTable(database: Database, table: string, column: string, value: string): Selection {
  const whole = wholeTable(database, table);
  if (!whole.columns.some((name) => name.toLowerCase() === column.toLowerCase()))
    throw new OpsError('config', `cannot export the table ${table}: it has no column ${column}`);
  return {
    ...whole,
    from: `${whole.from} WHERE ${quoteIdentifier(column)} = ?`,
    parameters: [value],
  };
}

function columnsOf(database: Database, table: string): Column[] {
  const columns = database
    .prepare("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?, 'main')")
    .all(table) as Column[];
  if (columns.length > 0) return columns;
  throw new OpsError('config', `cannot export the table ${table}: the database has none of that name`);
}

/** The column that is the rowid itself, and so always an integer: a key of that type without an index of its own. */
function rowidColumn(database: Database, table: string, columns: readonly Column[]): string | undefined {
  const [key, ...others] = columns.filter(({ pk }) => pk > 0);
  if (key?.type.toUpperCase() !== 'INTEGER' || others.length > 0) return undefined;
  const index = database.prepare("SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'").get(table);
  return index === undefined ? key.name : undefined;
}

/** By the rules for the affinity of a column. */
function isText({ type }: Column): boolean {
  return /CHAR|CLOB|TEXT/i.test(type) && !/INT/i.test(type);
}

/** By rowid where there is one: it costs nothing. Else by the key, and a view, which has none, by all that it shows. */
function order(database: Database, table: string, columns: readonly Column[]): string {
  const rowid = rowidName(database, table, columns);
  if (rowid !== undefined) return rowid;
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const by = key.length > 0 ? key : columns.filter(({ hidden }) => hidden !== 1);
  return by.map(({ name }) => quoteIdentifier(name)).join(', ');
}

/** A name of the number that each row of the table has; undefined where it has none, or columns have all of its names. */
function rowidName(database: Database, table: string, columns: readonly Column[]): string | undefined {
  const kind = database
    .prepare("SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .get(table) as { type: string; wr: number } | undefined;
  if (kind === undefined || kind.wr !== 0 || kind.type === 'view') return undefined;
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  return rowidNames.find((name) => !names.has(name));
}

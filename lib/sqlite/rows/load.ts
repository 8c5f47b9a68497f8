// Rows loaded into a database of ours, all in one transaction or none of them.
import { errorCode, errorMessage, OpsError } from '../../base/errors.ts';
import { type Cell, cellJson, RawText } from '../../export/cell.ts';
import type { Change, Loader, TableRows } from '../../export/loader.ts';
import { sqliteError } from '../errors.ts';
import { openLocalFile } from '../local.ts';
import { type Database, openInMemory, quoteIdentifier } from '../open.ts';
import { eachRow } from './read-cells.ts';
import { schemaStatements } from './schema-statements.ts';
import { virtualTable } from './virtual-table.ts';

/** Where rows are loaded to. */
export interface LoadTarget {
  /** The database; it is made where nothing is. */
  path: string;
  /** What messages call it: it may lie in scratch. */
  called: string;
  /** Only look: everything happens in memory. */
  dryRun: boolean;
}

const plain = { indent: 0, ascii: false, finalNewline: false };

/** Begins to load. Throws OpsError as opening a database of ours does. */
export function openLoader({ path, called, dryRun }: LoadTarget): Loader {
  const database = guarded(called, () => (dryRun ? openInMemory(path) : openLocalFile(path)));
  // Rows may come before those that they refer to: it is looked at in the end.
  guarded(called, () => database.exec('PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE'));
  let after: string[] = [];
  return {
    isEmpty: () =>
      guarded(called, () => database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0),
    makeSchema(sql) {
      const { tables, others } = schemaStatements(sql);
      guarded(called, () => tables.forEach((statement) => database.exec(statement)));
      after = others;
    },
    replace: (rows, day) => guarded(called, () => replaceRows(database, rows, day)),
    count: (table) =>
      guarded(called, () =>
        Number(
          database
            .prepare(`SELECT count(*) FROM ${quoteIdentifier(table)}`)
            .pluck()
            .get(),
        ),
      ),
    commit() {
      guarded(called, () => {
        for (const statement of after) database.exec(statement);
        requireForeignKeys(database);
        database.exec('COMMIT');
      });
    },
    [Symbol.dispose]() {
      if (database.inTransaction) database.exec('ROLLBACK');
      database.close();
    },
  };
}

/** Rows that are already what they are to be are left alone: a mirror that nothing happened to is not written. */
function replaceRows(database: Database, given: TableRows, day: string): Change {
  const { table, day: column, columns, rows } = loadable(database, given);
  const where = column === undefined ? '' : `WHERE ${quoteIdentifier(column)} = ?`;
  const parameters = column === undefined ? [] : [day];
  const there: Cell[][] = [];
  const selection = { columns, from: `FROM ${quoteIdentifier(table)} ${where}`, order: '', parameters };
  if (columns.length > 0) eachRow(database, selection, (row) => there.push(row));
  if (columns.length > 0 && sameRows(there, rows)) return { removed: 0, added: 0 };
  const removed = database
    .prepare(`DELETE FROM ${quoteIdentifier(table)} ${where}`)
    .run(...parameters).changes;
  insertRows(database, table, columns, rows);
  return { removed, added: rows.length };
}

/** Whether both are the same rows, in whatever order. */
function sameRows(there: readonly Cell[][], wanted: readonly Cell[][]): boolean {
  if (there.length !== wanted.length) return false;
  const texts = (rows: readonly Cell[][]) =>
    rows.map((row) => row.map((cell) => cellJson(cell, plain)).join()).sort();
  const [before, after] = [texts(there), texts(wanted)];
  return before.every((text, index) => text === after[index]);
}

function insertRows(
  database: Database,
  table: string,
  columns: readonly string[],
  rows: readonly Cell[][],
): void {
  const into = `INSERT INTO ${quoteIdentifier(table)} (${columns.map(quoteIdentifier).join(', ')})`;
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  for (const row of rows) {
    const places = row.map(placeOf).join(', ');
    const statement = statements.get(places) ?? database.prepare(`${into} VALUES (${places})`);
    statements.set(places, statement);
    statement.run(...row.map(boundOf));
  }
}

/** A number that is whole would be bound as an integer, and bytes are no text. */
function placeOf(cell: Cell): string {
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0.0 + ?' : 'CAST(? AS REAL)';
  return cell instanceof RawText ? 'CAST(? AS TEXT)' : '?';
}

function boundOf(cell: Cell): Exclude<Cell, RawText> {
  if (typeof cell === 'number' && Object.is(cell, -0)) return 0n;
  return cell instanceof RawText ? cell.bytes : cell;
}

/** What a column generates is not loaded: it comes by itself. Throws OpsError `config` for what the table has not. */
function loadable(database: Database, given: TableRows): TableRows {
  const { table, columns, rows } = given;
  if (columns.length === 0) return given;
  const known = columnsOf(database, table);
  if (known.size === 0)
    throw new OpsError('config', `cannot import into the table ${table}: it is not there`);
  const kinds = columns.map((name) => known.get(name.toLowerCase()));
  const unknown = columns.filter((_, index) => kinds[index] === undefined);
  if (unknown.length > 0)
    throw new OpsError(
      'config',
      `cannot import into the table ${table}: it has no column ${unknown.join(', ')}`,
    );
  if (kinds.every((kind) => kind === 'stored')) return given;
  const isStored = (_: unknown, index: number) => kinds[index] === 'stored';
  return { ...given, columns: columns.filter(isStored), rows: rows.map((row) => row.filter(isStored)) };
}

/** By their names in lower case. */
function columnsOf(database: Database, table: string): Map<string, 'stored' | 'generated'> {
  const columns = database
    .prepare("SELECT lower(name), hidden FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1")
    .raw()
    .all(table) as [string, number][];
  const known = new Map<string, 'stored' | 'generated'>();
  if (virtualTable(database, table)?.hasNumbers === true) known.set('rowid', 'stored');
  for (const [name, hidden] of columns) known.set(name, hidden === 0 ? 'stored' : 'generated');
  return known;
}

function requireForeignKeys(database: Database): void {
  const [first] = database.prepare('PRAGMA foreign_key_check').raw().all() as [string, unknown, string][];
  if (first === undefined) return;
  throw new OpsError(
    'damaged',
    `cannot import: a row of ${first[0]} refers to one of ${first[2]} that is not there`,
    {
      hint: 'the documents do not fit together: db-export-json check says which differ',
    },
  );
}

function guarded<T>(called: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (/^SQLITE_(CONSTRAINT|MISMATCH|ERROR)/.test(errorCode(error) ?? ''))
      throw new OpsError('damaged', `cannot import into ${called}: ${errorMessage(error)}`);
    throw sqliteError(`import into ${called}`, error);
  }
}

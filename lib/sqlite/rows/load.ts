// Rows loaded into a database of ours, all in one transaction or none of them.
import { errorCode, errorMessage, OpsError } from '../../base/errors.ts';
import type { Loader, RowsOf } from '../../export/loader.ts';
import { sqliteError } from '../errors.ts';
import { openLocalFile } from '../local.ts';
import { type Database, openCopy, quoteIdentifier } from '../open.ts';
import { type Filled, fillTable } from './filling.ts';
import { schemaStatements } from './schema-statements.ts';
import { virtualTable } from './virtual-table.ts';

/** Where rows are loaded to. */
export interface LoadTarget {
  /** The database; it is made where nothing is. */
  path: string;
  /** What messages call it: it may lie in scratch. */
  called: string;
  /** Only look: everything happens in a copy at this path, which is made. */
  tryIn: string | undefined;
}

/** Begins to load. Throws OpsError as opening a database of ours does. */
export function openLoader({ path, called, tryIn }: LoadTarget): Loader {
  const database = guarded(called, () => (tryIn === undefined ? openLocalFile(path) : openCopy(path, tryIn)));
  // Rows may come before those that they refer to: it is looked at in the end.
  guarded(called, () =>
    database.exec(
      'PRAGMA foreign_keys = OFF; PRAGMA temp_store = FILE; PRAGMA temp.cache_size = -2000; BEGIN IMMEDIATE',
    ),
  );
  let after: string[] = [];
  /** By the tables of a schema that was made here, which have no indexes yet: the days of a thousand documents are looked for. */
  const dayIndexes = new Map<string, string>();
  let isMade = false;
  const indexDay = ({ table, day }: RowsOf) => {
    const known = table.toLowerCase();
    if (!isMade || day === undefined || dayIndexes.has(known) || virtualTable(database, table) !== undefined)
      return;
    const index = `holdfast_day_${dayIndexes.size}`;
    database.exec(`CREATE INDEX ${index} ON ${quoteIdentifier(table)} (${quoteIdentifier(day)})`);
    dayIndexes.set(known, index);
  };
  return {
    isEmpty: () =>
      guarded(called, () => database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0),
    makeSchema(sql) {
      const { tables, others } = schemaStatements(sql);
      guarded(called, () => tables.forEach((statement) => database.exec(statement)));
      after = others;
      isMade = true;
    },
    replace(of, day) {
      const filling = guarded(called, () => {
        const filled = loadable(database, of, day);
        if (filled.columns.length > 0) indexDay(of);
        return fillTable(database, filled);
      });
      return {
        add: (row, part) => guarded(called, () => filling.add(row, part)),
        end: () => guarded(called, () => filling.end()),
      };
    },
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
        for (const index of dayIndexes.values()) database.exec(`DROP INDEX ${index}`);
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

/** What a column generates is not loaded: it comes by itself. Throws OpsError `config` for what the table has not. */
function loadable(database: Database, of: RowsOf, dayValue: string): Filled {
  const { table, columns } = of;
  const known = columns.length === 0 ? undefined : columnsOf(database, table);
  if (known?.size === 0)
    throw new OpsError('config', `cannot import into the table ${table}: it is not there`);
  const kinds = columns.map((name) => known?.get(name.toLowerCase()));
  const unknown = columns.filter((_, index) => kinds[index] === undefined);
  if (unknown.length > 0)
    throw new OpsError(
      'config',
      `cannot import into the table ${table}: it has no column ${unknown.join(', ')}`,
    );
  return { ...of, dayValue, isStored: (index) => kinds[index] === 'stored' };
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

// The statements of a schema, in the order in which a database is best filled: tables, then rows, then what watches them.
import { errorMessage, OpsError } from '../../base/errors.ts';
import { type Database, openInMemory } from '../open.ts';
import { rebuildStatements } from './virtual-table.ts';

/** A schema, taken apart. */
export interface SchemaStatements {
  tables: string[];
  /** Indexes, views and triggers, which would cost time or act while rows are loaded, and what makes anew what is derived. */
  others: string[];
}

/** Takes SQL apart by letting SQLite do it, in memory. Throws OpsError `config` for what SQLite does not take. */
export function schemaStatements(sql: string): SchemaStatements {
  const database = openInMemory();
  try {
    database.exec(sql);
    const statements = (kinds: string) =>
      database
        .prepare(
          `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND type IN (${kinds})
            AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY rowid`,
        )
        .pluck()
        .all() as string[];
    return {
      tables: statements("'table'"),
      others: [
        ...statements("'index', 'view', 'trigger'"),
        ...rebuildStatements(database),
        ...numberStatements(database),
      ],
    };
  } catch (error) {
    throw new OpsError('config', `cannot make the schema: ${errorMessage(error)}`);
  } finally {
    database.close();
  }
}

const has = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'";
const sequences = `SELECT 'INSERT INTO sqlite_sequence (name, seq) SELECT ' || quote(name) || ', ' || quote(seq)
    || ' WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ' || quote(name) || ')' AS missing,
  'UPDATE sqlite_sequence SET seq = max(seq, ' || quote(seq) || ') WHERE name = ' || quote(name) AS set_to
  FROM sqlite_sequence WHERE typeof(seq) = 'integer' ORDER BY name`;

/** What sets the numbers that an app tells its own version by, and the last one that a table with AUTOINCREMENT has given. */
export function numberStatements(database: Database): string[] {
  const statements: string[] = [];
  for (const name of ['application_id', 'user_version']) {
    const value = database.pragma(name, { simple: true }) as number;
    if (value !== 0) statements.push(`PRAGMA ${name} = ${value}`);
  }
  if (database.prepare(has).get() === undefined) return statements;
  const rows = database.prepare(sequences).raw().all() as [string, string][];
  return [...statements, ...rows.flat()];
}

// The statements of a schema, in the order in which a database is best filled: tables, then rows, then what watches them.
import { errorMessage, OpsError } from '../../base/errors.ts';
import { type Database, openInMemory } from '../open.ts';
import { splitSql } from './split-sql.ts';
import { rebuildStatements } from './virtual-table.ts';

/** A schema, taken apart. */
export interface SchemaStatements {
  tables: string[];
  /** Indexes, views and triggers, which would cost time or act while rows are loaded, and what makes anew what is derived. */
  others: string[];
}

/**
 * Takes SQL apart by letting SQLite do it, in memory. Throws OpsError `config` for what SQLite does not take, and for a
 * statement that does more than make an empty database: `sql` may be anybody's.
 */
export function schemaStatements(sql: string): SchemaStatements {
  const database = openInMemory();
  try {
    for (const { text, words } of splitSql(sql)) {
      if (isPassedOver(text, words)) continue;
      if (!isOfSchema(text, words)) throw new OpsError('config', `cannot make the schema: ${refused(text)}`);
      database.prepare(text).run(); // which takes one statement, however it is read
    }
    const statements = (kinds: string) =>
      database
        .prepare(
          `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_holdfast\\_%' ESCAPE '\\' AND type IN (${kinds})
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
    if (error instanceof OpsError) throw error;
    throw new OpsError('config', `cannot make the schema: ${errorMessage(error)}`);
  } finally {
    database.close();
  }
}

const created = /^(TABLE|VIEW|INDEX|TRIGGER)$/;
const ownPragma = /^\s*PRAGMA\s+(user_version|application_id)\s*=\s*-?\d+\s*$/i;
/** As `numberStatements` writes them, to the letter. */
const ownSequence =
  /^\s*(INSERT INTO sqlite_sequence \(name, seq\) SELECT '([^']|'')*', -?\d+ WHERE NOT EXISTS \(SELECT 1 FROM sqlite_sequence WHERE name = '([^']|'')*'\)|UPDATE sqlite_sequence SET seq = max\(seq, -?\d+\) WHERE name = '([^']|'')*')$/;

/** What makes a part of an empty database, and the numbers of `numberStatements`. Rows of a query are none. */
function isOfSchema(text: string, [first, ...rest]: readonly string[]): boolean {
  if (first !== 'CREATE') return ownPragma.test(text) || ownSequence.test(text);
  const kind = rest.find((word) => created.test(word));
  return kind !== undefined && (kind !== 'TABLE' || !rest.includes('AS'));
}

/** What stands around a schema in the output of sqlite3's .dump, and has no effect on it. */
function isPassedOver(text: string, [first = '']: readonly string[]): boolean {
  if (first === 'PRAGMA') return !ownPragma.test(text);
  return ['BEGIN', 'COMMIT', 'END'].includes(first);
}

function refused(text: string): string {
  return `"${text.trim().slice(0, 80)}" does more than make a part of an empty database`;
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

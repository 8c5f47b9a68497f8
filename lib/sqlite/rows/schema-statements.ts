// The statements of a schema, in the order in which a database is best filled: tables, then rows, then what watches them.
import { errorMessage, OpsError } from '../../base/errors.ts';
import { openInMemory } from '../open.ts';

/**
 * Takes SQL apart by letting SQLite do it, in memory: `tables` first; `others` are indexes, views and triggers, which would
 * cost time or act while rows are loaded. Throws OpsError `config` for what SQLite does not take.
 */
export function schemaStatements(sql: string): { tables: string[]; others: string[] } {
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
    return { tables: statements("'table'"), others: statements("'index', 'view', 'trigger'") };
  } catch (error) {
    throw new OpsError('config', `cannot make the schema: ${errorMessage(error)}`);
  } finally {
    database.close();
  }
}

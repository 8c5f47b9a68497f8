// Foreign key violations that are in the data. An app may live with some; a restore must bring no new ones.
import { errorMessage } from '../base/errors.ts';
import { needsTheApp } from './errors.ts';
import { type Database, schemaTroubleOf } from './open.ts';

/** Counts them over all tables. A key that cannot be looked up without the app's own collation counts none. */
export function countForeignKeyViolations(database: Database): number {
  if (schemaTroubleOf(database) !== undefined) return 0; // nobody can tell
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
    .pluck()
    .all() as string[];
  const check = database.prepare('SELECT count(*) FROM pragma_foreign_key_check(?)').pluck();
  let violations = 0;
  for (const table of tables) {
    try {
      violations += Number(check.get(table));
    } catch (error) {
      if (!needsTheApp(error)) throw error;
      // The parent's key is not unique: one violation, and not a reason to stop counting.
      if (errorMessage(error).startsWith('foreign key mismatch')) violations += 1;
    }
  }
  return violations;
}

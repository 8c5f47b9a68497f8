// How documents become rows again, as an operator configured it.
import type { RowMapping } from '../export/mapping.ts';

/** How documents become rows again. */
export interface ImportConfig {
  /** The mirror, which only imports write. */
  readonly database: string | undefined;
  /** A file with the SQL that makes the tables of a new database. */
  readonly schema: string | undefined;
  /** Undefined where documents are rows of tables already. */
  readonly rows: readonly RowMapping[] | undefined;
}

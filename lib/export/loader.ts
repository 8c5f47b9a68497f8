// The contract of where rows are loaded to: all in one transaction, or none.
import type { Cell } from './cell.ts';

/** Rows of a table that belong together: which table, and which of its rows they are all of. */
export interface RowsOf {
  table: string;
  /** The column that says the day; undefined where the rows are all that the table has. */
  day: string | undefined;
  /** Of which values are given; none where there is no row. */
  columns: readonly string[];
}

/** How many rows went and came; none where they were what they are to be. */
export interface Change {
  removed: number;
  added: number;
}

/** Rows on their way into a table. */
export interface Replacement {
  /** Those of a lower part come first, whenever they are added; a value for each of the columns. */
  add(row: readonly Cell[], part: number): void;
  /** Puts them in place. */
  end(): Change;
}

/**
 * A database that is being filled; disposed of without `commit`, nothing has happened.
 *
 * Errors, as OpsError: `config` for a table or column that is not there, `damaged` for rows that the database does not take,
 * or that refer to others which are not there; `busy`, `io` and `refused` as for every database of ours.
 */
export interface Loader extends Disposable {
  isEmpty(): boolean;
  /** Makes the tables of a schema; its indexes, views and triggers at the end. */
  makeSchema(sql: string): void;
  /** Begins rows that take the place of all that the table has of that day, or of all. */
  replace(of: RowsOf, day: string): Replacement;
  count(table: string): number;
  commit(): void;
}

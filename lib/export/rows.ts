// The contract of what documents are made from: one instant of a database.
import type { Cell } from './cell.ts';
import type { Day } from './day.ts';
import type { JsonStyle } from './style.ts';

/** One document, and what it is made of. */
export type Recipe =
  /** What a query returns for the day: one row with one text, which is JSON, in our style. */
  | { readonly kind: 'query'; readonly sql: string; readonly day: Day }
  /** The rows of tables whose column says that day, each table a list below its name. */
  | { readonly kind: 'day'; readonly day: Day; readonly tables: readonly DayTable[] }
  /** All rows of a table: a list, or with `ndjson` one row a line. */
  | { readonly kind: 'table'; readonly table: string; readonly format: 'json' | 'ndjson' }
  /** The schema as SQL, from which an empty database of the same shape is made. */
  | { readonly kind: 'schema' };

export interface DayTable {
  readonly table: string;
  /** The column that says the day. */
  readonly column: string;
}

/** The tables of a database, sorted by name: no views, no indexes that look like tables, none of SQLite's. */
export interface TableList {
  /** Those with data of their own. */
  data: string[];
  /** Those with data that cannot be read row by row. */
  unreadable: string[];
}

/** A digest of what a document is made of, and how: as long as it is the same, so is the document. */
export type Source = string;

/**
 * One instant of a database, held open: whatever is read from it is of that instant.
 *
 * Errors, as OpsError: `config` for a query that SQLite does not take, that would write, or whose result has the wrong
 * shape, `damaged` for data that cannot be what it is said to be, `io`, and what the database itself is. All reject with
 * the signal's reason on abort.
 */
export interface Rows extends AsyncDisposable {
  /** All rows of a short query. `called` is for messages: `the days query`. */
  query(sql: string, called: string): Promise<Cell[][]>;
  tables(): Promise<TableList>;
  /**
   * The document, in chunks of UTF-8, the same bytes whenever it is asked for again, and in the end its source. It is read to
   * its end, or nothing more is asked.
   */
  document(recipe: Recipe, style: JsonStyle): AsyncGenerator<Uint8Array, Source | undefined>;
  /** The source of each of the documents, where telling it costs less than making them. */
  sources(recipes: readonly Recipe[], style: JsonStyle): Promise<(Source | undefined)[]>;
}

// Which tables of a database travel, as the registry and the schema have them together.
import type { Database } from '../open.ts';
import type { Registered } from './own-state.ts';
import type { TableFacts } from './table-facts.ts';

/** What an operator wants to travel. */
export interface Collection {
  /** Undefined for all. */
  readonly tables: readonly string[] | undefined;
  readonly without: readonly string[];
}

export interface StockedTable extends Registered {
  readonly facts: TableFacts;
}

export interface Stock {
  /** Parents first. */
  readonly tables: readonly StockedTable[];
  /** In the registry, and not in the schema, or not wanted. */
  readonly retired: readonly Registered[];
}

export interface CaptureParts {
  readonly path: string;
  /** The app's. */
  readonly database: Database;
  /** Where the state is: the app's as well, or a file of ours where nothing may be written to that. */
  readonly own: Database;
  readonly mayTrigger: boolean;
  readonly collection: Collection;
  /** Where what was sent of tables without a usable key is kept; undefined where only a look is wanted. */
  readonly shadow: string | undefined;
  readonly logRowsMax: number;
  /** The app's, for writing what its owner asked for; to be closed. */
  openWriter(): Database;
}

// What was found of the triggers and the log that note the changes of a database.

export interface ExaminedCapture {
  readonly isInstalled: boolean;
  readonly journalMode: string;
  readonly tables: readonly ExaminedTable[];
  /** Of each of our triggers on a table that does not travel, or is not known. */
  readonly strayTriggers: readonly string[];
  /** Entries that wait, and all that are there; undefined where there is no log. */
  readonly log: { readonly waiting: number; readonly entries: number } | undefined;
  /** Why the trial failed; undefined where it did not. */
  readonly trouble: string | undefined;
}

export interface ExaminedTable {
  readonly table: string;
  readonly by: 'log' | 'diff';
  /** `none`: it needs none. */
  readonly triggers: 'whole' | 'missing' | 'different' | 'none';
}

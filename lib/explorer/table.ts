// A table of ops.db in words, as the explorer shows it to people.

export interface TableWords {
  readonly name: string;
  readonly description: string;
  /** Every column, with its unit where it has one. */
  readonly columns: Readonly<Record<string, string>>;
  /** What a list of it begins with: the column that is sorted by, downwards. */
  readonly newestBy?: string;
  /** The column that stands for a row. */
  readonly label?: string;
  /** Columns whose values are few, to narrow the list by. */
  readonly facets?: readonly string[];
  /** What only programs read is not listed. */
  readonly isHidden?: boolean;
}

/** Of a column with the id of a run. */
export const ofRun = 'the run that wrote this: runs.id';

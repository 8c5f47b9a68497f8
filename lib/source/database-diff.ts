// What differs between the database of a backup and the live one: table by table, and in their schemas.

/**
 * Where a table stands. `appeared` and `vanished` since the backup; `unknown` where its rows could not be compared, or not all of
 * what there is to say of them.
 */
export type TableState = 'same' | 'differs' | 'appeared' | 'vanished' | 'unknown';

/** Some keys of rows, each as SQL writes it: `7`, `('a', 7)`. */
export interface KeySamples {
  added: string[];
  removed: string[];
  changed: string[];
}

/** How the rows of a table differ. */
export interface RowsDiff {
  /** `key`: each row was looked up on the other side; `row`: a row is all that stands in it, and none is called changed. */
  by: 'key' | 'row';
  /** The columns of the key; empty without one. */
  key: string[];
  /** Only now, only in the backup, and in both but not alike. */
  added: number;
  removed: number;
  changed: number;
  keys: KeySamples;
  /** What a reader has to know of how they were compared, in sentences. */
  notes: string[];
}

/** One table, then and now. */
export interface TableDiff extends Partial<RowsDiff> {
  name: string;
  state: TableState;
  /** Its rows; undefined where it is not there, or they could not be counted. */
  backup: number | undefined;
  now: number | undefined;
  /** A virtual table keeps its data in it. */
  isShadow: boolean;
  /** Why its rows were not compared. */
  problem?: string;
}

/** An entry of the schema that is not the same on both sides. */
export interface SchemaDiff {
  type: string;
  name: string;
  /** Of an index or a trigger. */
  table?: string;
  state: 'appeared' | 'vanished' | 'differs';
  /** Of a table that differs, where its columns do: in sentences. */
  columns?: string[];
}

/** The two, and where what is sorted may lie meanwhile. */
export interface DiffPair {
  backup: string;
  /** Undefined where there is no database now. */
  now: string | undefined;
  temporary: string;
}

/** A table as it was counted. One that is in both is still to be compared. */
export type CountedTable = Pick<TableDiff, 'name' | 'backup' | 'now' | 'isShadow' | 'problem'> & {
  isIn: 'both' | 'backup' | 'now';
};

/** What is told first. */
export interface DiffOutline {
  tables: CountedTable[];
  schema: SchemaDiff[];
}

/** Rows of a table, or why they could not be compared. */
export type ComparedRows = RowsDiff | { problem: string };

export interface DiffSession {
  /** Which tables there are, of one alone where that is named, with their rows counted. */
  outline(table: string | undefined): Promise<DiffOutline>;
  /** The rows of a table that is in both. */
  rows(table: string, keysMax: number): Promise<ComparedRows>;
  /** Resolves when the process has ended, if need be by force. */
  close(): Promise<void>;
}

/** The rows of all tables together, as far as they were compared. */
export function diffTotals(tables: readonly TableDiff[]): Pick<RowsDiff, 'added' | 'removed' | 'changed'> {
  const sum = (of: 'added' | 'removed' | 'changed') =>
    tables.reduce((total, table) => total + (table[of] ?? 0), 0);
  return { added: sum('added'), removed: sum('removed'), changed: sum('changed') };
}

/** The state of a table in both, by what was found of its rows. */
export function stateOf({ added, removed, changed }: RowsDiff): TableState {
  return added + removed + changed === 0 ? 'same' : 'differs';
}

// The contract of reading the rows of a source as its receiver sees them, without harm to the app that writes it.
import type { Cell } from './cell.ts';
import type { ComparedSide } from './comparison.ts';
import type { DayRule } from './policy.ts';
import type { TableShape } from './shape.ts';

/** Reads only, and holds no transaction between two calls. Throws OpsError `unavailable`, `damaged`, `io`. */
export interface LiveRows extends Disposable {
  /** One table, its days told by the receiver's rule; all rows are of day null where it has none. */
  table(shape: TableShape, day: DayRule | undefined): LiveTable;
}

export interface LiveTable extends ComparedSide {
  /** Rows a day, the days in order, those without one last. */
  days(): Promise<readonly { readonly day: string | null; readonly rows: number }[]>;
  /** How many rows there are, with keys behind this one; undefined where the app would have to wait for that. */
  rowsBehind(key: readonly Cell[] | undefined): Promise<number | undefined>;
}

// A change on its way: a row as it is now, or that there is none with this key any more.
import type { Cell } from './cell.ts';

export type Change = Upsert | Tombstone;

/** The row as it was read in the batch's snapshot. */
interface Upsert {
  readonly kind: 'upsert';
  /** Index in the batch's tables. */
  readonly table: number;
  /** In the order of the shape's columns, the key among them. */
  readonly cells: readonly Cell[];
}

/** There was no row with this key in the batch's snapshot. */
interface Tombstone {
  readonly kind: 'tombstone';
  readonly table: number;
  /** In the order of the shape's key. */
  readonly key: readonly Cell[];
}

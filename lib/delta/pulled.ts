// The contract of a replica that follows a master: lib/sqlite/pulled keeps it.
import type { Change } from './change.ts';
import type { TableShape } from './shape.ts';

/** What is known of the master in the replica itself: it is put back together with the rows that it is about. */
export interface PulledState {
  /** From where the master goes on; undefined before the first full sync, and where it gives none. */
  readonly cursor: string | undefined;
  readonly schemaVersion: string | undefined;
  /** When rows last came in, and when all of them did; ISO. */
  readonly changedAt: string | undefined;
  readonly fullSyncAt: string | undefined;
  readonly totals: PulledTotals;
}

export interface PulledTotals {
  readonly syncs: number;
  readonly failed: number;
  readonly records: number;
}

/** Of one answer. */
export interface PulledPiece {
  readonly tables: readonly TableShape[];
  readonly changes: AsyncIterable<readonly Change[]>;
}

/** What becomes of the state with a sync. */
export type NextState = Omit<PulledState, 'changedAt' | 'fullSyncAt'>;

export interface PulledReplica {
  state(): PulledState;
  /** All rows of all tables, in the place of those that were there. Returns how many they are by table. */
  replace(piece: PulledPiece, next: NextState, at: string): Promise<Record<string, number>>;
  /** Changes, in order. Returns how many rows were written or removed. */
  apply(pieces: AsyncIterable<PulledPiece>, next: NextState, at: string): Promise<number>;
  /** Where a table has them: the latest of its `updated_at`. */
  newestStamp(): string | undefined;
  rows(): Record<string, number>;
  shapes(): readonly TableShape[];
  /** Whether all of these rows are there as they are. */
  holds(tables: readonly TableShape[], changes: readonly Change[]): boolean;
  /** Whether the file at its path is still the one that was opened: what is written to another is read by nobody. */
  isInPlace(): boolean;
  close(): void;
}

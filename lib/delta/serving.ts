// The contract of what a master serves its readers from. lib/sqlite/serving keeps it; the routes over it know no database.
import type { Change } from './change.ts';
import type { TableShape } from './shape.ts';

export interface ServedSchema {
  /** 16 hex digits: another one wherever the tables may be others. */
  readonly version: string;
  readonly tables: readonly TableShape[];
  /** Those whose changes cannot be told: they travel in full exports alone. */
  readonly fullOnly: readonly string[];
}

/**
 * What one answer is made of, in one read snapshot: its `changes` are read a piece at a time until it is disposed of, which
 * has to come before anybody on a network is waited for. Tombstones first.
 */
export interface Served extends Disposable {
  readonly schema: ServedSchema;
  /** A piece holds a bounded number of rows. */
  readonly changes: Iterable<readonly Change[]>;
  /** From where the next answer goes on; undefined where only a time was asked for. */
  readonly cursor: string | undefined;
  readonly hasMore: boolean;
  /** Of an answer to a time: what to ask with next, ISO. */
  readonly nextSince: string | undefined;
}

/**
 * Throws OpsError `missing` where nothing is installed that logs changes, `unavailable` where the app keeps its database
 * locked, `damaged`, `io`. Several answers may be open at a time.
 */
export interface Serving {
  schema(): Promise<ServedSchema>;
  /** Every row of every table. */
  all(): Promise<Served>;
  /** What changed after the cursor, `limit` keys at most; undefined where the cursor is none of this database as it is now. */
  after(cursor: string, limit: number): Promise<Served | undefined>;
  /**
   * Rows with a stamp from `since` on (as `parseSince` gives it), oldest first, in whole seconds: about `limit`, and more
   * where one second has more. A time proves less than a cursor: what is committed later with an older stamp is not seen.
   * Undefined where more rows are gone since than any list should hold.
   */
  since(since: string, limit: number): Promise<Served | undefined>;
  /** Another number after each change; cheap, to be asked often. */
  lastChange(): Promise<number>;
  /** Drops what no reader needs any more, some thousand entries at most. */
  prune(): Promise<void>;
  close(): void;
}

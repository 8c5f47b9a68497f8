// The contract of where rows arrive: a SQLite file, or a PostgreSQL database. One suite holds both (test/contract).
import type { SourceState } from '../delta/agreement.ts';
import type { BatchHeader, BatchResult, HeldReason } from '../delta/batch.ts';
import type { Cell } from '../delta/cell.ts';
import type { Change } from '../delta/change.ts';
import type { BucketQuery, Correction, Digest, HeldChange } from '../delta/peer.ts';
import type { RereadKeys } from '../delta/capture.ts';
import type { KeptColumns } from '../delta/mirror-shape.ts';
import type { TableShape } from '../delta/shape.ts';

/** A batch as it arrives: its lines come once, in order. */
export interface ArrivingBatch {
  readonly header: BatchHeader;
  /** SHA-256 of the whole file. */
  readonly sha256: string;
  readonly changes: AsyncIterable<readonly Change[]>;
}

export interface HeldQuery {
  readonly source?: string | undefined;
  readonly reason?: HeldReason | undefined;
  readonly table?: string | undefined;
  readonly day?: string | undefined;
  readonly limit?: number | undefined;
}

/** A frozen day. */
export interface FrozenDay {
  readonly day: string;
  readonly frozenAt: string;
  readonly by: string;
  readonly reason: string;
  /** What was not as it should be when it was frozen, as sentences; empty for none. */
  readonly exceptions: readonly string[];
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly digest: string }[];
}

export interface ReplicaStatus {
  readonly tables: readonly {
    readonly table: string;
    readonly rows: number;
    readonly state: 'live' | 'unapproved';
    /** Columns that were not in the shape that was taken last: they keep what they had. */
    readonly columnsKept: readonly string[];
  }[];
  readonly held: Readonly<Partial<Record<HeldReason, number>>>;
  readonly sources: readonly (SourceState & {
    readonly lastBatchAt: string | undefined;
    /** When the snapshot of its last batch was taken, by its own clock. */
    readonly lastTakenAt: string | undefined;
    readonly isResyncing: boolean;
    readonly batches: number;
    readonly rows: number;
  })[];
}

/** What waits there for a person, and who feeds it: known without a look at the rows. */
export interface ReplicaStanding {
  readonly held: readonly HeldGroup[];
  readonly sources: ReplicaStatus['sources'];
}

/** Held changes of one source, table, reason and day. */
export interface HeldGroup {
  readonly source: string;
  readonly table: string;
  readonly reason: HeldReason;
  readonly day: string | undefined;
  readonly changes: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** The largest groups; more are told by their number in `status` alone. */
export const heldGroupsMax = 2000;

/**
 * One writer at a time: calls wait for one another. A change is visible to others whole or not at all. Throws OpsError
 * `unavailable` where the target does not answer, `io`, `damaged`; ProtocolRefusal for what the sender did.
 */
export interface Replica {
  /** Opens what there is, or makes it. */
  state(source: string): Promise<SourceState>;
  /** Keys applied since the confirmed nonce, by table. */
  unconfirmed(source: string): Promise<readonly RereadKeys[]>;
  /**
   * In one transaction: checks whose turn it is, takes in the changes by the policy, writes down what became of them, and
   * gives a new nonce. A batch that was applied before gets the result that it had then. Throws ProtocolRefusal.
   */
  apply(batch: ArrivingBatch): Promise<BatchResult>;
  /** From now on this instance sends under the name, and its next batch begins an epoch. */
  takeOver(source: string, sender: { instance: string; lineage: string | undefined }): Promise<void>;
  /** Which of the shapes are taken, and which wait for approval. New tables are made by it where the policy follows. A column that is gone waits for nobody: it stays, and is in `kept`. */
  offer(
    source: string,
    shapes: readonly TableShape[],
  ): Promise<{ readonly refused: readonly string[]; readonly kept: readonly KeptColumns[] }>;
  /** Approves of the shapes that wait, of all or of one table. Returns their names. */
  approve(table?: string): Promise<readonly string[]>;

  freeze(day: string, why: { by: string; reason: string; exceptions: readonly string[] }): Promise<FrozenDay>;
  /** Ends it, and replays what was held for it, but for rows that staff corrected since. Throws OpsError `refused` where a newer day is frozen and `day` is not the newest, unless `force`. */
  reopen(
    day: string,
    why: { by: string; reason: string; force: boolean },
  ): Promise<{ readonly replayed: number; readonly stillHeld: number }>;
  frozenDays(): Promise<readonly FrozenDay[]>;

  held(query?: HeldQuery): Promise<readonly HeldChange[]>;
  /** Takes in what was held and fits the query, whatever held it, except a frozen day. */
  release(query: HeldQuery): Promise<{ readonly applied: number; readonly stillHeld: number }>;
  /** Forgets it: the replica stays as it is. */
  discard(query: HeldQuery): Promise<number>;

  /** Of each bucket, in their order: one pass over a table serves all that are asked of it (lib/delta/buckets.ts). */
  digest(queries: readonly BucketQuery[]): Promise<readonly Digest[]>;
  /** Rows a day, for tables with one. */
  days(table: string): Promise<readonly { readonly day: string | null; readonly rows: number }[]>;
  /** Key and hash of each row of a bucket, at most `limit`. */
  keys(
    query: BucketQuery,
    limit: number,
  ): Promise<readonly { readonly key: readonly Cell[]; readonly hash: string }[]>;

  /**
   * Staff correct rows of frozen days: one statement after another in one transaction, and what they changed is written
   * down as corrections. Throws OpsError `damaged` for SQL that the target refuses, and takes back all of it.
   */
  correct(sql: string, why: { by: string; reason: string }): Promise<{ readonly rows: number }>;
  /** Rows that staff corrected, as they are now, after the correction `since`, in order. */
  corrections(since: number, limit: number): Promise<readonly Correction[]>;

  /** The names of its tables, without a look at what is in them: every cycle of every source asks for them. */
  tables(): Promise<readonly string[]>;
  standing(): Promise<ReplicaStanding>;
  /** Counts the rows of all tables, which takes as long as reading them. */
  status(): Promise<ReplicaStatus>;
  close(): Promise<void>;
}

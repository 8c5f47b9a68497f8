// The contract of the other side, as a sender sees it: lib/http keeps it over a network, a test by a call.
import type { SourceState } from './agreement.ts';
import type { BatchResult, HeldReason } from './batch.ts';
import type { RereadKeys } from './capture.ts';
import type { Cell } from './cell.ts';
import type { KeptColumns } from './mirror-shape.ts';
import type { DayRule, TablePolicy } from './policy.ts';
import type { TableShape } from './shape.ts';

/** A piece of a batch's file: pieces come in order, and the last makes it whole. */
export interface BatchPiece {
  readonly epoch: string;
  readonly batchNo: number;
  /** Of the whole file. */
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Where the receiver stands. */
export interface PeerState {
  readonly state: SourceState;
  /** What it has of a batch that is not whole yet. */
  readonly staged:
    | { readonly epoch: string; readonly batchNo: number; readonly sha256: string; readonly bytes: number }
    | undefined;
  /** How it tells the day of a row, by table. */
  readonly dayRules: Readonly<Record<string, DayRule>>;
  /** What a deletion does there, by table; under `*` for those that are not named. */
  readonly deletions?: Readonly<Record<string, TablePolicy['deletions']>> | undefined;
  readonly replica: string;
  readonly version: string;
}

/** What rows of one bucket amount to: see digest.ts. */
export interface Digest {
  readonly rows: number;
  /** Sum of the rows' hashes modulo 2^64, and their exclusive or: 16 hex digits each. */
  readonly sum: string;
  readonly xor: string;
}

/**
 * Which rows: of one day, of those without one (`null`), of all (undefined); and of those only with keys whose hash begins
 * so. Rows that are only marked as deleted are none.
 */
export interface BucketQuery {
  readonly table: string;
  /** Only rows that were last written for this source; of all where none is named. */
  readonly source?: string | undefined;
  readonly day?: string | null | undefined;
  /** Hex digits of the hash of the key. */
  readonly prefix?: string | undefined;
}

/** A change that was kept back. */
export interface HeldChange {
  readonly id: number;
  readonly source: string;
  readonly table: string;
  readonly key: readonly Cell[];
  readonly day: string | undefined;
  readonly reason: HeldReason;
  /** Why, where that needs more than its reason. */
  readonly detail: string | undefined;
  readonly kind: 'upsert' | 'tombstone';
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly count: number;
}

/** A row that staff corrected. */
export interface Correction {
  readonly id: number;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
  /** Whose row it was; undefined where staff added it. */
  readonly source?: string | undefined;
  readonly shape: TableShape;
  readonly key: readonly Cell[];
  /** As it is now; undefined where it is gone. */
  readonly cells: readonly Cell[] | undefined;
}

/**
 * Every answer is proven to come from who knows our key, and to be the answer to this very question: whatever else answers,
 * a login page for example, is `unreachable`. Throws PeerTrouble, and ProtocolRefusal where the receiver does not take what
 * was sent.
 */
export interface Peer {
  state(): Promise<PeerState>;
  unconfirmed(): Promise<readonly RereadKeys[]>;
  /** `kept`: what the receiver has of columns that these shapes have not; a receiver of before does not say. */
  offer(
    shapes: readonly TableShape[],
  ): Promise<{ readonly refused: readonly string[]; readonly kept: readonly KeptColumns[] }>;
  /** Gives the result once the batch is whole and applied, else how much of it is there now. */
  send(piece: BatchPiece): Promise<{ readonly result: BatchResult } | { readonly received: number }>;
  takeOver(sender: { instance: string; lineage: string | undefined }): Promise<void>;
  digest(queries: readonly BucketQuery[]): Promise<readonly Digest[]>;
  days(table: string): Promise<readonly { readonly day: string | null; readonly rows: number }[]>;
  keys(
    query: BucketQuery,
    limit: number,
  ): Promise<readonly { readonly key: readonly Cell[]; readonly hash: string }[]>;
  held(query: {
    day?: string | undefined;
    table?: string | undefined;
    limit: number;
  }): Promise<readonly HeldChange[]>;
  frozenDays(): Promise<readonly string[]>;
  corrections(since: number, limit: number): Promise<readonly Correction[]>;
  close(): void;
}

/**
 * `unreachable`: nobody answers, or somebody who does not know our key. `timeout`: the answer took too long. `denied`: the key is none (401, 403). `certificate`:
 * it is not the pinned one. `too-large`: the piece (413). `busy`: later (429, 503). `failed`: it could not do it (5xx).
 */
export type TroubleKind =
  'unreachable' | 'timeout' | 'denied' | 'certificate' | 'too-large' | 'busy' | 'failed';

export class PeerTrouble extends Error {
  readonly kind: TroubleKind;
  /** How long it asks us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: TroubleKind,
    message: string,
    details: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PeerTrouble';
    this.kind = kind;
    this.retryAfterMs = details.retryAfterMs;
  }
}

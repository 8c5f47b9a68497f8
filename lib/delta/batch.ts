// A batch: what one read snapshot of a source has to say, numbered without a gap. Its bytes are in docs/formats.md.
import type { Cell } from './cell.ts';
import type { TableShape } from './shape.ts';

/** The first line of a batch's file. */
export interface BatchHeader {
  /** Name of the source, as its API key is called at the receiver. */
  readonly source: string;
  /** Which machine and state directory: 32 hex digits, made where there is none. */
  readonly instance: string;
  /** 32 random hex digits, new for each batch; kept outside the database that can be rolled back. */
  readonly lineage: string;
  /** The lineage of the batch before; undefined for the first of all. */
  readonly heldLineage: string | undefined;
  /** 32 random hex digits: one unbroken stream of batches. */
  readonly epoch: string;
  /** The epoch that this one ends; only in a batch 1, and undefined for the first of all. */
  readonly replaces: string | undefined;
  /** From 1, in each epoch: the number that the receiver has, and one, also where the source's database was put back a little. */
  readonly batchNo: number;
  /** The nonce that the source's database held when this was made; undefined for the first of an epoch. */
  readonly heldNonce: string | undefined;
  /** All keys that were logged up to here are in it, or were before; 0 where nothing is logged. */
  readonly toSeq: number;
  /** The source's clock when the snapshot was taken: RFC 3339 with milliseconds, UTC. */
  readonly takenAt: string;
  /** The tables that it has lines of. Parents come before children. */
  readonly tables: readonly TableShape[];
  /** A piece of a walk: all rows of one table between two keys, so that whatever else lies there goes. */
  readonly range: BatchRange | undefined;
  /** Whether it is a part of a walk through everything, after whose last piece both sides agree. */
  readonly resyncing: boolean;
}

/** The keys after `after` up to and with `through`, compared part by part, bytes for bytes, as SQLite does (BINARY). */
export interface BatchRange {
  /** Index in `tables`. */
  readonly table: number;
  /** Undefined from the first. */
  readonly after: readonly Cell[] | undefined;
  /** Undefined to the last. */
  readonly through: readonly Cell[] | undefined;
  /** Keys of rows that are there and did not fit into a batch: what the receiver has with them is left alone. */
  readonly kept?: readonly (readonly Cell[])[];
}

/** What became of a batch. The same for whoever sends it again. */
export interface BatchResult {
  readonly batchNo: number;
  /** What the source's database has to hold from now on. */
  readonly nonce: string;
  readonly applied: { readonly upserts: number; readonly deletes: number; readonly unchanged: number };
  /** What was kept back, by reason. */
  readonly held: Readonly<Partial<Record<HeldReason, number>>>;
  /** Tables of which nothing was taken: nobody has approved of what they are like now. */
  readonly refusedTables: readonly string[];
  /** Stamps that went backwards within this source: told, and applied all the same. */
  readonly anomalies: number;
}

/**
 * Why a change was not applied but kept: its day is `frozen-day`, or cannot be told, `no-day`; more was deleted at once
 * than is believed, `mass-deletion`; its stamp lies ahead, `clock`; the target cannot hold its value, `unfit`.
 */
export type HeldReason = (typeof heldReasons)[number];
export const heldReasons = ['frozen-day', 'no-day', 'mass-deletion', 'clock', 'unfit'] as const;

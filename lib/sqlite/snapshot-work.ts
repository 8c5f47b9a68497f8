// What the thread that asks for a snapshot and the one that takes it tell each other.
import type { CopyReport, FileNumber } from '../source/source.ts';

/** How a snapshot was taken, and what that meant for the app. */
export interface SnapshotReport extends CopyReport {
  /**
   * `quiet`: nobody had the database open, and it was proven unchanged after the copy. `pinned`: inside one read
   * transaction. `stepwise`: in short steps, between which the app could write (rollback-journal mode).
   */
  method: 'quiet' | 'pinned' | 'stepwise';
  /** How many steps of a stepwise copy a write or a lock of the app spoiled; each write makes the copy begin again. */
  restarts: number;
  /** 0 in WAL mode. */
  writersHeldMs: number;
  /** The largest size the write-ahead log reached while the copy ran, in bytes. */
  walPeakBytes: number;
  pageCount: number;
}

/** What the worker needs to know to begin; see snapshot-worker. */
export interface SnapshotStart {
  source: string;
  /** The file that was looked at: no other is copied. */
  file: FileNumber;
  pageSize: number;
  wal: boolean;
  /** What `quietMark` says of a WAL database that nobody seems to have open: then it is tried as a quiet one. */
  quiet: string | undefined;
  /** A log without its index is not read, for that would be made. */
  makeNothing?: boolean;
}

/** And what to make the copy. */
export interface SnapshotWork extends SnapshotStart {
  /** An empty file in the caller's scratch. */
  target: string;
}

/** Told after every step. */
export type Report = (doneBytes: number, totalBytes: number) => void;

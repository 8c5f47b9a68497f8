// The contract of what knows which rows of a source may have changed. lib/sqlite/capture keeps it; what calls it is the
// sender, who owns neither the database nor its schema.
import type { Change } from './change.ts';
import type { BatchRange } from './batch.ts';
import type { Cell } from './cell.ts';
import type { Correction } from './peer.ts';
import type { TableShape } from './shape.ts';

/** What the source's database holds of the stream: put back with it, which is why it is there. */
export interface CaptureState {
  readonly epoch: string | undefined;
  readonly nonce: string | undefined;
  /** Of the batch that the nonce belongs to; 0 for none in this epoch. */
  readonly batchNo: number;
  /** The link of the batch that was made of it last, sent or not; undefined for none. */
  readonly made: string | undefined;
  /** The keys that were logged up to here have arrived. */
  readonly ackedSeq: number;
  /** The newest key that is logged; 0 for none. */
  readonly lastSeq: number;
  /** The last correction of staff that was applied; 0 before the first. */
  readonly corrections: number;
  /** Entries that wait: no count of rows, for a row that changed twice has two. */
  readonly waiting: number;
}

/** A table as the source has it now, and how its changes are known. */
export interface CapturedTable {
  /** Never given to another one. */
  readonly id: number;
  readonly shape: TableShape;
  /** `log`: by triggers. `diff`: by comparing all of it with what was sent. */
  readonly by: 'log' | 'diff';
  /**
   * `live`: its changes travel. `walk`: all its rows have to travel, `walkedTo` of them have. `refused`: the receiver has not
   * taken its shape: nothing travels. `retired`: it is gone; its rows at the receiver are left as they are.
   */
  readonly state: 'live' | 'walk' | 'refused' | 'retired';
  /** The last key that a walk has sent; undefined before its first piece. */
  readonly walkedTo: readonly Cell[] | undefined;
}

/** What was found, and mended where that was possible, since the last look. */
export interface CaptureNews {
  /** Sentences for a finding each: `the triggers of visit were gone: they are back, and all its rows are sent once more`. */
  readonly warnings: readonly string[];
  /** Tables that were put to `walk` for it. */
  readonly walks: readonly string[];
}

/** What a batch is made of, in one read snapshot, which is over when `collect` returns. */
export interface Collected {
  /** The tables that its changes index. Parents come before children. */
  readonly tables: readonly TableShape[];
  /** All keys logged up to here are in it or were before. */
  readonly toSeq: number;
  /** A piece of a walk; undefined where it is of changes. */
  readonly range: BatchRange | undefined;
}

/** Takes what is collected while it is read: the read snapshot of the app's database is open, so nothing is waited for. */
export interface ChangeSink {
  /** Before its changes; once more where what was taken since is forgotten, for it is read anew, or less of it. */
  begin(collected: Collected): void;
  /** Tombstones first, children before parents; then rows, parents before children. False where no more of them fit. */
  take(change: Change): boolean;
}

export interface CollectRequest {
  /** Rows of a piece, at most. Equal keys are one. */
  readonly rowsMax: number;
  /** Of their values, about. */
  readonly bytesMax: number;
  /**
   * Whatever is logged is one piece where it has no more rows than this, and all of it fits: then no transaction of the app is
   * ever seen in parts. A database in rollback mode is read in pieces of its own, for its readers keep the app from writing.
   */
  readonly snapshotRowsMax: number;
}

/** What `collect` has told a sink of, and as sentences what no batch can hold, rows that are too large: they are passed over. */
export type Told = Collected & {
  readonly tooLarge: readonly string[];
  /** Whether nothing else had changed by the snapshot that it is of; rows that a walk has yet to send do not count. */
  readonly isAll?: boolean;
};

/** All of a piece at once: for what is known to be small. */
export function collectWhole(
  capture: Pick<Capture, 'collect'>,
  request: CollectRequest,
): (Told & { readonly changes: readonly Change[] }) | undefined {
  let changes: Change[] = [];
  const told = capture.collect(request, {
    begin: () => void (changes = []),
    take: (change) => changes.push(change) <= request.snapshotRowsMax,
  });
  return told && { ...told, changes };
}

/** A row that staff corrected, and the row here. */
export interface CorrectedRow {
  readonly correction: Correction;
  /** The names of the columns of `before` and `after`. */
  readonly columns: readonly string[];
  /** As it is here, or was; undefined where there is none. */
  readonly before: readonly Cell[] | undefined;
  /** As it is to be, or is now. */
  readonly after: readonly Cell[] | undefined;
  /**
   * `same`: it was so already. `applied`. `changed-further`: a trigger of the app's made something else of it, which travels as
   * any change. `differs`: nothing was done.
   */
  readonly state: 'same' | 'differs' | 'applied' | 'changed-further';
  /** Why it is not applied. */
  readonly refusal: string | undefined;
}

/** Keys of one table that have to be read once more, in the order of its key. */
export interface RereadKeys {
  readonly table: string;
  readonly keys: readonly (readonly Cell[])[];
}

/**
 * Opened on a database for one cycle, or for long by a loop of its own. No transaction is ever open between two calls, and
 * none is held while anything but the database is waited for. Throws OpsError `missing` where nothing is installed, `busy`
 * where the app holds its lock for too long, `damaged`, `io`.
 */
export interface Capture {
  state(): CaptureState;
  tables(): readonly CapturedTable[];
  /**
   * Looks whether the schema has moved since the last look, which costs nothing where it has not: puts back triggers that
   * are gone or differ, takes up new tables, retires those that are gone, and puts to `walk` whatever changed unseen.
   */
  check(): CaptureNews;
  /** Whether anything waits that a cycle would send: logged keys, a walk, rows that differ. */
  isIdle(): boolean;
  /** Tells the sink of the next piece of changes, else of a walk; undefined where nothing waits, and it is told nothing. */
  collect(request: CollectRequest, sink: ChangeSink): Told | undefined;
  /**
   * The keys that would travel with the next cycles, by table: those that are logged and not acknowledged, and in a table by
   * `diff` those whose rows differ from what was sent. Undefined where there are more than `most`, or where not all of them
   * can be named, for a table has to be walked.
   */
  pending(most: number): readonly RereadKeys[] | undefined;
  /**
   * One short transaction: a batch of what was collected last is about to be sent, with this link. One that lies in the spool was
   * made of this very database where `state` still says so.
   */
  noteMade(link: string): void;
  /** Logs keys as if their rows had changed: those that a receiver applied and nobody saw confirmed, or that differ. */
  reread(keys: readonly RereadKeys[]): void;
  /** A new stream: `epoch` begins without a nonce, and each table is put to `walk`. */
  beginEpoch(epoch: string): void;
  /**
   * What would become of rows that staff corrected, or with `isApplied` what became of them: each in one transaction, all of
   * them or, where one is refused, none; with `leavesRefused` all but those that are refused, which are not asked for again. What was put into the database is not sent back. `held`: keys of ours that are held at
   * the receiver: their rows are not overwritten. `through`: the last correction there is, which is remembered in the database.
   */
  correct(
    corrections: readonly Correction[],
    how: { held: readonly RereadKeys[]; through: number; isApplied: boolean; leavesRefused: boolean },
  ): readonly CorrectedRow[];
  /** All rows of these tables travel once more; of all where none is named. */
  walk(tables?: readonly string[]): void;
  /** The receiver has not taken the shape of these tables, or has taken it now. */
  refuse(tables: readonly string[]): void;
  /**
   * One short transaction: `nonce` and `batchNo` are kept, the batch of `collected` counts as arrived, and what nobody needs
   * any more is pruned, a few thousand entries at most, the newest never.
   */
  acknowledge(collected: Acknowledged, given: { nonce: string; batchNo: number }): void;
  close(): void;
}

/** Of a batch, what its sender keeps beside it until it is acknowledged: JSON as the capture has made it. */
export interface Acknowledged {
  readonly toSeq: number;
  readonly range: Collected['range'];
  /** The name of the range's table. */
  readonly table: string | undefined;
}

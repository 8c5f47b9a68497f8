// What an operator decided of where rows arrive, and of what happens to them there.

/** What an operator decided of where rows arrive. */
export interface ReplicaPolicy {
  /** Names of the sources that may feed it. With several, the last write of a row wins. */
  readonly sources: readonly string[];
  /** `follow`: a new table or column is taken as it comes. `approve`: nothing of a table travels before it is approved. */
  readonly schema: 'follow' | 'approve';
  readonly tables: Readonly<Record<string, TablePolicy>>;
  /** For tables that have none of their own. */
  readonly otherTables: TablePolicy;
  /** Whether every change is written down: when, from whom, in which batch, and what it replaced. */
  readonly audit: boolean;
  /** How long a deletion is remembered against older rows of other sources. */
  readonly tombstonesKeptMs: number;
}

export interface TablePolicy {
  /** The service day of a row; undefined where it belongs to none, and is never frozen. */
  readonly day: DayRule | undefined;
  /** The column with the time of its last change; undefined where the batch's time counts. */
  readonly updatedAt: string | undefined;
  /** What a deletion does: it is applied, or the row is kept as it was, or kept and marked in `_holdfast_deleted_at`. */
  readonly deletions: 'apply' | 'keep' | 'mark';
  /** More deletions than both within a day are held: `mass-deletion`. */
  readonly deletionsMax: { readonly rows: number; readonly percent: number };
}

/** Where the day of a row stands: in a column of its own, or in one of its parent's row. */
export type DayRule =
  | { readonly column: string }
  | {
      readonly column: string;
      readonly parent: { readonly table: string; readonly key: string; readonly day: string };
    };

// What becomes of one change: the rules that every replica keeps, whatever it is made of.
import type { HeldReason } from './batch.ts';
import { clockAheadMs, isLater, type Written } from './last-write.ts';

export type Disposition =
  /** `isAnomaly`: its stamp went backwards within its source. */
  | { readonly do: 'apply'; readonly isAnomaly: boolean }
  /** What it says is so. */
  | { readonly do: 'unchanged' }
  /** Another source has changed or deleted the row later. */
  | { readonly do: 'superseded' }
  | {
      readonly do: 'hold';
      readonly reason: HeldReason;
      readonly day?: string | undefined;
      readonly detail?: string | undefined;
      /** From this instant on, in microseconds, it would be taken; undefined where time does not heal it. */
      readonly due?: number | undefined;
    };

/** The rules of one table at one time. */
export interface TableRules {
  /** Whether its rows belong to days. */
  readonly hasDay: boolean;
  readonly frozen: ReadonlySet<string>;
  /** A stamp behind it lies ahead of our clock. */
  readonly stampMax: number;
  /** Deletions before it are forgotten; undefined where one source feeds the replica alone. */
  readonly horizon: number | undefined;
  /** Whether a person has decided that it is taken in: then nothing but a frozen day and a later change holds it. */
  readonly isReleased: boolean;
}

/** A row as it lies in the replica. */
export interface StoredRow extends Written {
  readonly isSame: boolean;
  readonly day: string | undefined;
  /** Whether the same source has written it. */
  readonly isOwn: boolean;
  /** Whether its stamp is one of its own, and not of its batch. */
  readonly isStamped: boolean;
}

export interface IncomingRow extends Written {
  readonly day: string | undefined;
  readonly isStamped: boolean;
  /** Whether it came as a piece of a walk: then it is there, however old it is. */
  readonly isWalked: boolean;
}

/** `deletedAt`: the stamp of a deletion of the key by another source that is remembered. */
export function dispositionOfRow(
  row: IncomingRow,
  stored: StoredRow | undefined,
  deletedAt: number | undefined,
  rules: TableRules,
): Disposition {
  if (stored?.isSame === true) return { do: 'unchanged' };
  if (row.isStamped && row.stamp > rules.stampMax && !rules.isReleased)
    return { do: 'hold', reason: 'clock', detail: 'its time stamp lies ahead of the clock', due: dueOf(row) };
  if (stored !== undefined && !stored.isOwn && !isLater(row, stored)) return { do: 'superseded' };
  if (deletedAt !== undefined && row.stamp <= deletedAt) return { do: 'superseded' };
  if (isForgotten(row, stored, rules))
    return { do: 'hold', reason: 'clock', detail: 'deletions as old as it is are not remembered any more' };
  if (rules.hasDay && row.day === undefined && !rules.isReleased) return { do: 'hold', reason: 'no-day' };
  const day = frozenDay(rules, stored?.day, row.day);
  if (day !== undefined) return { do: 'hold', reason: 'frozen-day', day };
  const isBackwards = stored !== undefined && stored.isOwn && stored.isStamped && row.isStamped;
  return { do: 'apply', isAnomaly: isBackwards && row.stamp < stored.stamp };
}

/** A deletion. `isMass`: whether it is one of more than is believed; asked last. */
export function dispositionOfDeletion(
  stamp: number,
  stored: Omit<StoredRow, 'isSame'> | undefined,
  rules: TableRules,
  isMass: () => boolean,
): Disposition {
  if (stored === undefined) return { do: 'unchanged' };
  if (!stored.isOwn && stored.stamp > stamp) return { do: 'superseded' };
  const day = frozenDay(rules, stored.day);
  if (day !== undefined) return { do: 'hold', reason: 'frozen-day', day };
  if (!rules.isReleased && isMass())
    return { do: 'hold', reason: 'mass-deletion', detail: 'more was deleted within a day than is believed' };
  return { do: 'apply', isAnomaly: false };
}

function dueOf({ stamp }: IncomingRow): number {
  return stamp - clockAheadMs * 1000;
}

/** An old row of nothing that is there: whether it was deleted meanwhile, nobody remembers. */
function isForgotten(row: IncomingRow, stored: StoredRow | undefined, rules: TableRules): boolean {
  if (stored !== undefined || rules.horizon === undefined || rules.isReleased || row.isWalked) return false;
  return row.stamp < rules.horizon;
}

function frozenDay({ hasDay, frozen }: TableRules, ...days: (string | undefined)[]): string | undefined {
  return hasDay ? days.find((day) => day !== undefined && frozen.has(day)) : undefined;
}

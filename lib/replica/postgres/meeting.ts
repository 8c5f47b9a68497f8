// What lies in the replica where changes come to: its rows, by whom and when they were written, and deletions by others.
import { rowHash } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import { isSameName, policyOf } from '../../delta/day.ts';
import type { TableRules } from '../../delta/disposition.ts';
import { clockAheadMs, stampOf, stampOfDate } from '../../delta/last-write.ts';
import type { TablePolicy } from '../../delta/policy.ts';
import { type DaysOf, daysOf } from './days.ts';
import type { Mirror } from './mirror.ts';
import { deletedByOthers } from './remembered.ts';
import { stampsOf } from './sources.ts';
import { type FoundRow, findRows, type Values } from './stored-rows.ts';
import type { Writing } from './transaction.ts';

/** Where a change comes from. */
export interface Origin {
  readonly source: { readonly id: number; readonly name: string };
  /** Number of the batch here, and when its snapshot was taken, in microseconds. */
  readonly batch: number;
  readonly stamp: number;
  readonly isWalked: boolean;
  /** Whether a person lets it in. */
  readonly isReleased: boolean;
}

/** A table while changes of it are taken in. */
export interface TakenTable {
  readonly mirror: Mirror;
  readonly policy: TablePolicy;
  /** Undefined where its rows belong to no day. */
  readonly days: DaysOf | undefined;
  /** Where the column with the stamp is; -1 for none. */
  readonly stampAt: number;
}

/** A row or a key with the text of its key. No two of one call have the same. */
export interface Keyed {
  readonly key: string;
  readonly cells: readonly Cell[];
}

export interface StoredFacts {
  readonly row: FoundRow;
  readonly day: string | undefined;
  readonly isOwn: boolean;
  readonly isStamped: boolean;
  readonly stamp: number;
  hash(): bigint;
}

export function takenTable(writing: Writing, mirror: Mirror): TakenTable {
  const policy = policyOf(writing.policy, mirror.name);
  const { updatedAt } = policy;
  const isStamp = ({ name }: { name: string }) => updatedAt !== undefined && isSameName(name, updatedAt);
  return {
    mirror,
    policy,
    days: daysOf(writing.session, writing, mirror),
    stampAt: mirror.columns.findIndex(isStamp),
  };
}

export class Meeting {
  readonly #writing: Writing;
  readonly #stamps = new Map<number, number>();

  constructor(writing: Writing) {
    this.#writing = writing;
  }

  /** What lies where these keys are, by their place; nothing where a key is undefined. */
  async stored(
    table: TakenTable,
    keys: readonly (Values | undefined)[],
    source: number,
  ): Promise<Map<number, StoredFacts>> {
    const at = keys.flatMap((key, index) => (key === undefined ? [] : [index]));
    const asked = at.map((index) => keys[index] ?? []);
    const found = await findRows(this.#writing.session, table.mirror, asked);
    const rows = [...found.values()];
    await this.#learnStamps(rows);
    const days = await this.days(
      table,
      rows.map(({ cells }) => cells),
    );
    return new Map(
      [...found].map(([place, row], index) => {
        const ownStamp = stampIn(table, row.cells);
        const facts = {
          row,
          day: days[index],
          isOwn: row.source === 0 || Math.abs(row.source) === source,
          isStamped: ownStamp !== undefined,
          stamp: ownStamp ?? this.#stamps.get(row.batch) ?? 0,
          hash: () => rowHash(row.cells),
        };
        return [at[place] ?? -1, facts];
      }),
    );
  }

  /** The days of rows, in their order. */
  async days(
    { days }: TakenTable,
    rows: readonly (readonly Cell[])[],
  ): Promise<readonly (string | undefined)[]> {
    return days === undefined || rows.length === 0 ? [] : days(rows);
  }

  /** Stamps of deletions of these keys by other sources, by the key. */
  async deleted(
    { mirror }: TakenTable,
    rows: readonly Keyed[],
    source: number,
  ): Promise<ReadonlyMap<string, number>> {
    if (this.#writing.horizon === undefined) return new Map();
    const keys = rows.map(({ key }) => key);
    return deletedByOthers(this.#writing.session, mirror.name, source, keys);
  }

  async #learnStamps(rows: readonly FoundRow[]): Promise<void> {
    if (this.#writing.horizon === undefined) return;
    const unknown = new Set(rows.map(({ batch }) => batch).filter((batch) => !this.#stamps.has(batch)));
    if (unknown.size === 0) return;
    for (const [batch, stamp] of await stampsOf(this.#writing.session, [...unknown]))
      this.#stamps.set(batch, stamp);
  }
}

/** Of the column that has it; undefined where there is none, or it says no time. */
export function stampIn({ stampAt }: TakenTable, cells: readonly Cell[]): number | undefined {
  const cell = cells[stampAt];
  return cell === undefined ? undefined : stampOf(cell);
}

export function rulesOf(
  { now, frozen, horizon }: Writing,
  { days }: TakenTable,
  { isReleased }: Origin,
): TableRules {
  const stampMax = stampOfDate(now) + clockAheadMs * 1000;
  return { hasDay: days !== undefined, frozen, stampMax, horizon, isReleased };
}

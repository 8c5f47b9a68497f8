// Takes in the changes of one source, one by one: decides by the rules that all replicas keep, and does what they say.
import { errorCode, errorMessage } from '../../base/errors.ts';
import type { BatchResult, HeldReason } from '../../delta/batch.ts';
import { rowHash } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import { policyOf } from '../../delta/day.ts';
import { isMassDeletion } from '../../delta/deletions.ts';
import { type Disposition, dispositionOfDeletion, dispositionOfRow } from '../../delta/disposition.ts';
import { formatHeldRow, formatKey } from '../../delta/held-payload.ts';
import { clockAheadMs, stampOfDate } from '../../delta/last-write.ts';
import type { TablePolicy } from '../../delta/policy.ts';
import type { TableShape } from '../../delta/shape.ts';
import { auditChange } from './audit.ts';
import { isSameRow } from './cells.ts';
import { deletedByOther, DeletionCount, forgetDeletion, rememberDeletion } from './deletions.ts';
import { forgetHeld, hasHeld, keepHeld } from './held-rows.ts';
import { stampOfBatch } from './ledger.ts';
import { type MirrorRow, MirrorTable } from './mirror.ts';
import { ParentDays, type RowFacts, rowFacts } from './row-days.ts';
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
  readonly mirror: MirrorTable;
  readonly facts: RowFacts;
  readonly policy: TablePolicy;
  hasHeld: boolean;
}

export class Taker {
  readonly #writing: Writing;
  readonly #parents: ParentDays;
  readonly #deletions = new Map<number, DeletionCount>();
  readonly #stamps = new Map<number, number>();
  readonly #held: Partial<Record<HeldReason, number>> = {};
  #counts = { upserts: 0, deletes: 0, unchanged: 0 };
  #anomalies = 0;

  constructor(writing: Writing) {
    this.#writing = writing;
    this.#parents = new ParentDays(writing.database);
  }

  table(shape: TableShape, source: number): TakenTable {
    const { database, policy } = this.#writing;
    return {
      mirror: new MirrorTable(database, shape),
      facts: rowFacts(policy, shape, this.#parents),
      policy: policyOf(policy, shape.name),
      hasHeld: hasHeld(database, source, shape.name),
    };
  }

  /** What became of everything so far. */
  result(): Pick<BatchResult, 'applied' | 'held' | 'anomalies'> {
    return { applied: { ...this.#counts }, held: { ...this.#held }, anomalies: this.#anomalies };
  }

  /** Writes what was only counted. */
  end(): void {
    for (const count of this.#deletions.values()) count.end();
  }

  /** `isNew`: whether it is known that no row has its key; else it is looked for. */
  takeRow(
    table: TakenTable,
    { key, cells, isNew }: { key: readonly Cell[]; cells: readonly Cell[]; isNew: boolean },
    origin: Origin,
  ): Disposition {
    const { mirror, facts } = table;
    const stored = isNew ? undefined : mirror.read(key);
    const keyText = this.#isShared() || table.hasHeld ? formatKey(key) : '';
    const ownStamp = facts.stampOf(cells);
    const disposition = dispositionOfRow(
      {
        day: facts.dayOf(cells),
        stamp: ownStamp ?? origin.stamp,
        isStamped: ownStamp !== undefined,
        isWalked: origin.isWalked,
        hash: () => rowHash(cells),
      },
      stored && {
        ...this.#storedFacts(table, stored, origin),
        isSame: stored.source >= 0 && isSameRow(stored.cells, cells),
      },
      this.#isShared()
        ? deletedByOther(this.#writing.database, mirror.shape.name, keyText, origin.source.id)
        : undefined,
      this.#rules(table, origin),
    );
    // What staff added, and its source has now as well, is the source's from now on.
    if (disposition.do === 'unchanged' && stored?.source === 0)
      mirror.write(cells, origin.source.id, origin.batch);
    if (disposition.do !== 'apply') return this.#settle(table, key, disposition, origin, cells);
    // Where the key is the number of a row, SQLite would make one up.
    if (key.includes(null)) return this.#settle(table, key, nullKey, origin, cells);
    try {
      mirror.write(cells, origin.source.id, origin.batch);
    } catch (error) {
      const detail = unfitReason(error);
      if (detail === undefined) throw error;
      return this.#settle(table, key, { do: 'hold', reason: 'unfit', detail }, origin, cells);
    }
    this.#counts.upserts += 1;
    if (disposition.isAnomaly) this.#anomalies += 1;
    if (this.#isShared()) forgetDeletion(this.#writing.database, mirror.shape.name, keyText);
    this.#changed(table, { key, before: stored?.cells, after: cells }, origin);
    return this.#settle(table, key, disposition, origin, cells);
  }

  takeDeletion(table: TakenTable, key: readonly Cell[], origin: Origin): Disposition {
    const { mirror, policy } = table;
    const name = mirror.shape.name;
    const found = mirror.read(key);
    // One that its source has no more, or never had, is none as far as that source goes.
    const stored = found === undefined || found.source <= 0 ? undefined : found;
    const deletions = this.#deletionsOf(origin.source.id);
    const disposition = dispositionOfDeletion(
      origin.stamp,
      stored && this.#storedFacts(table, stored, origin),
      this.#rules(table, origin),
      () => isMassDeletion({ deleted: deletions.of(name), rows: () => mirror.rows() }, policy),
    );
    if (this.#isShared() && (disposition.do === 'apply' || disposition.do === 'unchanged')) {
      const stone = { table: name, key: formatKey(key), source: origin.source.id, stamp: origin.stamp };
      rememberDeletion(this.#writing.database, stone);
    }
    if (disposition.do === 'apply') {
      if (policy.deletions === 'apply') mirror.erase(key);
      else {
        const deletedAt = policy.deletions === 'mark' ? this.#writing.now.toISOString() : null;
        mirror.disown(key, origin.source.id, origin.batch, deletedAt);
      }
      if (!origin.isReleased) deletions.add(name);
      this.#counts.deletes += 1;
      this.#changed(table, { key, before: stored?.cells, after: undefined }, origin);
    }
    return this.#settle(table, key, disposition, origin, undefined);
  }

  /** The source has no row with this key: what was held of it is over. A row of its own is deleted as any other. */
  takeAbsence(table: TakenTable, key: readonly Cell[], origin: Origin): void {
    if (table.mirror.read(key)?.source !== origin.source.id)
      this.#settle(table, key, { do: 'unchanged' }, origin, undefined);
  }

  /** What is held is kept, and what was held of a key that has come to rest is forgotten. `cells`: of a row. */
  #settle(
    table: TakenTable,
    key: readonly Cell[],
    disposition: Disposition,
    { source, batch, isWalked }: Origin,
    cells: readonly Cell[] | undefined,
  ): Disposition {
    const { database, now } = this.#writing;
    const { shape } = table.mirror;
    if (disposition.do === 'unchanged' || disposition.do === 'superseded') this.#counts.unchanged += 1;
    if (disposition.do === 'hold') {
      const { reason } = disposition;
      this.#held[reason] = (this.#held[reason] ?? 0) + 1;
      table.hasHeld = true;
      const columns = shape.columns.map(({ name }) => name);
      const record = {
        source: source.id,
        batch,
        table_name: shape.name,
        key: formatKey(key),
        kind: cells === undefined ? ('tombstone' as const) : ('upsert' as const),
        reason,
        day: disposition.day ?? null,
        detail: disposition.detail ?? null,
        due: disposition.due ?? null,
        is_walked: isWalked ? 1 : 0,
        payload: cells === undefined ? null : formatHeldRow({ columns, cells }),
      };
      keepHeld(database, record, now.toISOString());
    } else if (table.hasHeld) forgetHeld(database, source.id, shape.name, formatKey(key));
    return disposition;
  }

  #changed(
    { mirror }: TakenTable,
    change: { key: readonly Cell[]; before: readonly Cell[] | undefined; after: readonly Cell[] | undefined },
    { source, batch }: Origin,
  ): void {
    this.#parents.forget(mirror.shape.name);
    if (!this.#writing.policy.audit) return;
    const columns = mirror.shape.columns.map(({ name }) => name);
    auditChange(this.#writing, { source: source.name, batch, table: mirror.shape.name, columns, ...change });
  }

  #storedFacts({ facts }: TakenTable, stored: MirrorRow, { source }: Origin) {
    const ownStamp = facts.stampOf(stored.cells);
    return {
      day: facts.dayOf(stored.cells),
      isOwn: stored.source === 0 || Math.abs(stored.source) === source.id,
      isStamped: ownStamp !== undefined,
      stamp: ownStamp ?? (this.#isShared() ? this.#stampOf(stored.batch) : 0),
      hash: () => rowHash(stored.cells),
    };
  }

  #rules({ facts }: TakenTable, { isReleased }: Origin) {
    const { now, frozen, horizon } = this.#writing;
    const stampMax = stampOfDate(now) + clockAheadMs * 1000;
    return { hasDay: facts.hasDay, frozen, stampMax, horizon, isReleased };
  }

  #isShared(): boolean {
    return this.#writing.horizon !== undefined;
  }

  #stampOf(batch: number): number {
    const known = this.#stamps.get(batch);
    if (known !== undefined) return known;
    const stamp = stampOfBatch(this.#writing.database, batch);
    this.#stamps.set(batch, stamp);
    return stamp;
  }

  #deletionsOf(source: number): DeletionCount {
    const known = this.#deletions.get(source);
    if (known !== undefined) return known;
    const made = new DeletionCount(this.#writing.database, source, this.#writing.now);
    this.#deletions.set(source, made);
    return made;
  }
}

const nullKey = { do: 'hold', reason: 'unfit', detail: 'its key is NULL' } as const;

/** Why SQLite cannot hold the row; undefined for an error that is not about the row. */
function unfitReason(error: unknown): string | undefined {
  const code = errorCode(error) ?? '';
  const isAboutRow = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code) || error instanceof RangeError;
  return isAboutRow ? errorMessage(error) : undefined;
}

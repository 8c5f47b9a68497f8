// Takes in the changes of one source, many at once: looks up what they meet, decides by the rules that all replicas keep, and does
// what they say.
import type { BatchResult } from '../../delta/batch.ts';
import { rowHash } from '../../delta/canonical.ts';
import { type Disposition, dispositionOfDeletion, dispositionOfRow } from '../../delta/disposition.ts';
import { auditChanges } from './audit.ts';
import { Unfit } from './column.ts';
import { DeletionCount } from './deletion-count.ts';
import {
  type Keyed,
  Meeting,
  type Origin,
  rulesOf,
  stampIn,
  type StoredFacts,
  type TakenTable,
  takenTable,
} from './meeting.ts';
import type { Mirror } from './mirror.ts';
import { putWhatFits } from './put-what-fits.ts';
import { forgetDeleted, rememberDeleted } from './remembered.ts';
import { isSameRow } from './same-row.ts';
import { Settler } from './settler.ts';
import { putRows, takeAway, type Values } from './stored-rows.ts';
import type { Writing } from './transaction.ts';

export class Taker {
  readonly #writing: Writing;
  readonly #meeting: Meeting;
  readonly #deletions: DeletionCount;
  readonly #settler: Settler;
  readonly #counts = { upserts: 0, deletes: 0 };
  #anomalies = 0;

  constructor(writing: Writing) {
    this.#writing = writing;
    this.#meeting = new Meeting(writing);
    this.#settler = new Settler(writing);
    this.#deletions = new DeletionCount(writing);
  }

  table(mirror: Mirror): TakenTable {
    return takenTable(this.#writing, mirror);
  }

  /** What became of everything so far. */
  result(): Pick<BatchResult, 'applied' | 'held' | 'anomalies'> {
    const { unchanged, held } = this.#settler;
    return { applied: { ...this.#counts, unchanged }, held, anomalies: this.#anomalies };
  }

  /** What became of each row, in their order. `areNew`: nothing of the mirror has their keys. */
  async takeRows(
    table: TakenTable,
    rows: readonly Keyed[],
    origin: Origin,
    areNew = false,
  ): Promise<Disposition[]> {
    const { mirror } = table;
    const values = rows.map(({ cells }) => mirror.encode(cells));
    const fit = values.map((row) => (row instanceof Unfit ? undefined : row));
    const keys = fit.map((row, index) =>
      row === undefined
        ? mirror.fitKey(mirror.keyOf(rows[index]?.cells ?? []))
        : mirror.keyAt.map((at) => row[at] ?? null),
    );
    const stored = areNew
      ? new Map<number, StoredFacts>()
      : await this.#meeting.stored(table, keys, origin.source.id);
    const days = await this.#meeting.days(
      table,
      rows.map(({ cells }) => cells),
    );
    const deleted = await this.#meeting.deleted(table, rows, origin.source.id);
    const dispositions = rows.map(({ key, cells }, index): Disposition => {
      const ownStamp = stampIn(table, cells);
      const facts = stored.get(index);
      const disposition = dispositionOfRow(
        {
          day: days[index],
          stamp: ownStamp ?? origin.stamp,
          isStamped: ownStamp !== undefined,
          isWalked: origin.isWalked,
          hash: () => rowHash(cells),
        },
        facts && { ...facts, isSame: facts.row.source >= 0 && isSameRow(facts.row.cells, cells) },
        deleted.get(key),
        rulesOf(this.#writing, table, origin),
      );
      const value = values[index];
      if (disposition.do !== 'apply' || !(value instanceof Unfit)) return disposition;
      return { do: 'hold', reason: 'unfit', detail: value.why, day: days[index] };
    });
    await this.#put({ table, rows, fit, stored, days }, dispositions, origin);
    await this.#adopt(mirror, { fit, stored }, dispositions, origin);
    await this.#settler.settle(table, rows, dispositions, origin, 'upsert');
    return dispositions;
  }

  /** The same of keys that have no row any more. */
  async takeDeletions(table: TakenTable, keyed: readonly Keyed[], origin: Origin): Promise<Disposition[]> {
    if (keyed.length === 0) return [];
    const { mirror, policy } = table;
    const keys = keyed.map(({ cells }) => mirror.fitKey(cells));
    const stored = await this.#meeting.stored(table, keys, origin.source.id);
    const isMass = await this.#deletions.limit(table, origin.source.id, keyed.length);
    let deletes = 0;
    const dispositions = keyed.map((_, index) => {
      const facts = stored.get(index);
      // One that its source has no more, or never had, is none as far as that source goes.
      const there = facts === undefined || facts.row.source <= 0 ? undefined : facts;
      const disposition = dispositionOfDeletion(
        origin.stamp,
        there,
        rulesOf(this.#writing, table, origin),
        () => isMass(deletes),
      );
      if (disposition.do === 'apply') deletes += 1;
      return disposition;
    });
    const gone = keyed.flatMap(({ key }, index) => {
      const values = keys[index];
      return dispositions[index]?.do === 'apply' && values !== undefined
        ? [{ key, values, before: stored.get(index)?.row.cells }]
        : [];
    });
    await takeAway(
      this.#writing.session,
      mirror,
      gone.map((row) => row.values),
      { how: policy.deletions, source: origin.source.id, batch: origin.batch, now: this.#writing.now },
    );
    this.#counts.deletes += deletes;
    if (!origin.isReleased) await this.#deletions.add(mirror.name, origin.source.id, deletes);
    await this.#remember(mirror, keyed, dispositions, origin);
    const changes = gone.map(({ key, before }) => ({ key, before, after: undefined }));
    await auditChanges(this.#writing, mirror, { source: origin.source.name, batch: origin.batch }, changes);
    await this.#settler.settle(table, keyed, dispositions, origin, 'tombstone');
    return dispositions;
  }

  /** The source has no rows with these keys: what was held of them is over. A row of its own is deleted as any other. */
  async takeAbsences(table: TakenTable, keyed: readonly Keyed[], origin: Origin): Promise<void> {
    const keys = keyed.map(({ cells }) => table.mirror.fitKey(cells));
    const stored = await this.#meeting.stored(table, keys, origin.source.id);
    const absent = keyed.filter((_, index) => stored.get(index)?.row.source !== origin.source.id);
    await this.#settler.settle(
      table,
      absent,
      absent.map(() => ({ do: 'unchanged' as const })),
      origin,
      'tombstone',
    );
  }

  /** What staff added, and its source has now as well, is the source's from now on. */
  async #adopt(
    mirror: Mirror,
    { fit, stored }: { fit: readonly (Values | undefined)[]; stored: ReadonlyMap<number, StoredFacts> },
    dispositions: readonly Disposition[],
    { source, batch }: Origin,
  ): Promise<void> {
    const staffs = [...stored].flatMap(([index, { row }]) =>
      row.source === 0 && dispositions[index]?.do === 'unchanged' ? [fit[index] ?? []] : [],
    );
    await putRows(this.#writing.session, mirror, staffs, { source: source.id, batch });
  }

  async #put(
    {
      table: { mirror },
      rows,
      fit,
      stored,
      days,
    }: {
      table: TakenTable;
      rows: readonly Keyed[];
      fit: readonly (Values | undefined)[];
      stored: ReadonlyMap<number, StoredFacts>;
      days: readonly (string | undefined)[];
    },
    dispositions: Disposition[],
    { source, batch }: Origin,
  ): Promise<void> {
    const at = dispositions.flatMap(({ do: what }, index) => (what === 'apply' ? [index] : []));
    const { session } = this.#writing;
    const refused = await putWhatFits(
      session,
      mirror,
      at.map((index) => fit[index] ?? []),
      {
        source: source.id,
        batch,
      },
    );
    for (const [place, detail] of refused) {
      const index = at[place] ?? -1;
      dispositions[index] = { do: 'hold', reason: 'unfit', detail, day: days[index] };
    }
    const applied = at.filter((_, place) => !refused.has(place));
    this.#counts.upserts += applied.length;
    for (const index of applied) {
      const disposition = dispositions[index];
      if (disposition?.do === 'apply' && disposition.isAnomaly) this.#anomalies += 1;
    }
    if (this.#writing.horizon !== undefined)
      await forgetDeleted(
        session,
        mirror.name,
        applied.map((index) => rows[index]?.key ?? ''),
      );
    const changes = applied.flatMap((index) => {
      const row = rows[index];
      return row === undefined
        ? []
        : [{ key: row.key, before: stored.get(index)?.row.cells, after: row.cells }];
    });
    await auditChanges(this.#writing, mirror, { source: source.name, batch }, changes);
  }

  async #remember(
    mirror: Mirror,
    keyed: readonly Keyed[],
    dispositions: readonly Disposition[],
    { source, stamp }: Origin,
  ): Promise<void> {
    if (this.#writing.horizon === undefined) return;
    const keys = keyed.flatMap(({ key }, index) =>
      ['apply', 'unchanged'].includes(dispositions[index]?.do ?? '') ? [key] : [],
    );
    await rememberDeleted(this.#writing.session, mirror.name, source.id, keys, stamp);
  }
}

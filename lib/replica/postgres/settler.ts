// What has come to rest, and what is held back: the first is counted and forgotten, the other kept.
import type { BatchResult, HeldReason } from '../../delta/batch.ts';
import type { Disposition } from '../../delta/disposition.ts';
import { formatHeldRow } from '../../delta/held-payload.ts';
import type { Keyed, Origin, TakenTable } from './meeting.ts';
import { hasHeld, hold, letGoHeld, type ToHold } from './remembered.ts';
import type { Writing } from './transaction.ts';

export class Settler {
  readonly #writing: Writing;
  readonly #hasHeld = new Map<string, boolean>();
  readonly #held: Partial<Record<HeldReason, number>> = {};
  #unchanged = 0;

  constructor(writing: Writing) {
    this.#writing = writing;
  }

  get held(): BatchResult['held'] {
    return { ...this.#held };
  }

  get unchanged(): number {
    return this.#unchanged;
  }

  /** What is held is kept, and what was held of a key that has come to rest is forgotten. */
  async settle(
    { mirror }: TakenTable,
    rows: readonly Keyed[],
    dispositions: readonly Disposition[],
    { source, batch, isWalked }: Origin,
    kind: 'upsert' | 'tombstone',
  ): Promise<void> {
    const { session, now } = this.#writing;
    const columns = mirror.shape.columns.map(({ name }) => name);
    const held: ToHold[] = [];
    const settled: string[] = [];
    for (const [index, { key, cells }] of rows.entries()) {
      const disposition = dispositions[index];
      if (disposition?.do !== 'hold') {
        settled.push(key);
        if (disposition?.do !== 'apply') this.#unchanged += 1;
        continue;
      }
      const { reason, day, detail, due } = disposition;
      this.#held[reason] = (this.#held[reason] ?? 0) + 1;
      const payload = kind === 'upsert' ? formatHeldRow({ columns, cells }) : null;
      held.push({ key, kind, payload, isWalked, reason, day, detail, due });
    }
    const name = `${source.id} ${mirror.name}`;
    if (!this.#hasHeld.has(name)) this.#hasHeld.set(name, await hasHeld(session, mirror.name, source.id));
    if (this.#hasHeld.get(name) === true) await letGoHeld(session, mirror.name, source.id, settled);
    if (held.length > 0) this.#hasHeld.set(name, true);
    await hold(session, mirror.name, { source: source.id, batch }, held, now.toISOString());
  }
}

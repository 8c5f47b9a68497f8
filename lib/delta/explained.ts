// Why a row differs that may differ: what is on its way, held, corrected by staff, or written last by somebody else. What
// remains is a difference that nobody can explain.
import type { RereadKeys } from './capture.ts';
import { type DifferingRow, idsOf, keyId } from './comparison.ts';
import { isSameName } from './day.ts';
import type { Correction, HeldChange } from './peer.ts';

/** `waiting`: it goes with the next cycle. `held`: at the receiver. `corrected`: by staff. `other-source`: its last write is not ours. */
export type Explanation = 'waiting' | 'held' | 'corrected' | 'other-source';

/** What is known of the keys of one table. */
export interface KnownKeys {
  readonly waiting: ReadonlySet<string>;
  readonly held: ReadonlySet<string>;
  readonly corrected: ReadonlySet<string>;
  /** Rows of the receiver that it has from others. */
  readonly ofOthers: ReadonlySet<string>;
}

export interface Explained {
  readonly explained: Readonly<Partial<Record<Explanation, number>>>;
  readonly left: readonly DifferingRow[];
}

export function explain(rows: readonly DifferingRow[], known: KnownKeys): Explained {
  const explained: Partial<Record<Explanation, number>> = {};
  const left = rows.filter(({ key }) => {
    const why = explanationOf(keyId(key), known);
    if (why !== undefined) explained[why] = (explained[why] ?? 0) + 1;
    return why === undefined;
  });
  return { explained, left };
}

function explanationOf(id: string, known: KnownKeys): Explanation | undefined {
  if (known.waiting.has(id)) return 'waiting';
  if (known.held.has(id)) return 'held';
  if (known.corrected.has(id)) return 'corrected';
  return known.ofOthers.has(id) ? 'other-source' : undefined;
}

/** The keys of a table among those that wait. */
export function waitingKeys(pending: readonly RereadKeys[], table: string): Set<string> {
  return idsOf(pending.filter((one) => isSameName(one.table, table)).flatMap(({ keys }) => keys));
}

export function heldKeys(held: readonly HeldChange[], table: string): Set<string> {
  return idsOf(held.filter((one) => isSameName(one.table, table)).map(({ key }) => key));
}

export function correctedKeys(corrections: readonly Correction[], table: string): Set<string> {
  return idsOf(corrections.filter(({ shape }) => isSameName(shape.name, table)).map(({ key }) => key));
}

// A piece of a walk says which rows there are between two keys: whatever else its source has there is gone.
import type { BatchRange } from '../../delta/batch.ts';
import type { Cell } from '../../delta/cell.ts';
import { formatKey } from '../../delta/held-payload.ts';
import { compareKeys, isWithin } from '../../delta/key-order.ts';
import type { TakenTable } from './taker.ts';

export class RangeStrays {
  readonly table: TakenTable;
  readonly #range: BatchRange;
  readonly #isEmpty: boolean;
  readonly #seen: Set<string>;
  /** Of which something is held, and nothing need lie there. */
  readonly #held: readonly (readonly Cell[])[];
  #last: readonly Cell[] | undefined;

  /** Undefined for a batch that is no piece of a walk, or of a table that is not taken. */
  static of(
    range: BatchRange | undefined,
    tables: readonly (TakenTable | undefined)[],
    heldKeys: (table: TakenTable) => readonly (readonly Cell[])[],
  ): RangeStrays | undefined {
    const table = range === undefined ? undefined : tables[range.table];
    return range === undefined || table === undefined
      ? undefined
      : new RangeStrays(range, table, heldKeys(table));
  }

  private constructor(range: BatchRange, table: TakenTable, held: readonly (readonly Cell[])[]) {
    this.table = table;
    this.#range = range;
    this.#seen = new Set((range.kept ?? []).map(formatKey));
    this.#isEmpty = !table.mirror.hasRows(range);
    this.#last = range.after;
    this.#held = held.filter((key) => isWithin(key, range));
  }

  /**
   * The piece has a row with this key. Returns whether nothing can be in its way: it lies where the mirror had nothing, and
   * behind all that came before it. The first walk looks for no row by that.
   */
  saw(key: readonly Cell[]): boolean {
    if (!this.#isEmpty || this.#held.length > 0) this.#seen.add(formatKey(key));
    if (!this.#isEmpty) return false;
    const { through } = this.#range;
    const isBehind = this.#last === undefined || compareKeys(key, this.#last) > 0;
    if (isBehind) this.#last = key;
    return isBehind && (through === undefined || compareKeys(key, through) <= 0);
  }

  /** Those of which something is held, and that the piece has not. */
  held(): readonly (readonly Cell[])[] {
    return this.#held.filter((key) => !this.#seen.has(formatKey(key)));
  }

  /** Those of the source's rows that the piece has not. */
  *keys(source: number): Generator<readonly Cell[]> {
    if (this.#isEmpty) return;
    for (const key of this.table.mirror.keysOf(source, this.#range))
      if (!this.#seen.has(formatKey(key))) yield key;
  }
}

// A piece of a walk says which rows there are between two keys: whatever else its source has there is gone.
import type { BatchRange } from '../../delta/batch.ts';
import type { Cell } from '../../delta/cell.ts';
import { formatKey } from '../../delta/held-payload.ts';
import { compareKeys, isWithin } from '../../delta/key-order.ts';
import type { Session } from '../../postgres/writer.ts';
import { sqlTypes, Unfit } from './column.ts';
import { type Mirror, ownColumns } from './mirror.ts';
import { heldKeys } from './remembered.ts';
import { scan } from './stored-rows.ts';
import type { Keyed, TakenTable } from './meeting.ts';

export class RangeStrays {
  readonly table: TakenTable;
  readonly #range: BatchRange;
  readonly #isEmpty: boolean;
  readonly #seen: Set<string>;
  /** Of which something is held, and nothing need lie there. */
  readonly #held: readonly Keyed[];
  #last: readonly Cell[] | undefined;

  /** Undefined for a batch that is no piece of a walk, or of a table that is not taken. */
  static async of(
    session: Session,
    range: BatchRange | undefined,
    tables: readonly (TakenTable | undefined)[],
    source: number,
  ): Promise<RangeStrays | undefined> {
    const table = range === undefined ? undefined : tables[range.table];
    if (range === undefined || table === undefined) return undefined;
    const { from, values, isExact } = rangeOf(table.mirror, range);
    const { rows } = await session.run(`select exists (select ${from})`, values);
    const held = await heldKeys(session, table.mirror.name, source);
    return new RangeStrays(table, range, { isEmpty: isExact && rows[0]?.[0] === 'f', held });
  }

  private constructor(
    table: TakenTable,
    range: BatchRange,
    { isEmpty, held }: { isEmpty: boolean; held: readonly (readonly Cell[])[] },
  ) {
    this.table = table;
    this.#range = range;
    this.#seen = new Set((range.kept ?? []).map(formatKey));
    this.#isEmpty = isEmpty;
    this.#last = range.after;
    this.#held = held
      .filter((key) => isWithin(key, range))
      .map((cells) => ({ cells, key: formatKey(cells) }));
  }

  /** The piece has a row with this key. */
  saw(key: string): void {
    if (!this.#isEmpty || this.#held.length > 0) this.#seen.add(key);
  }

  /**
   * Whether nothing can be in the way of these rows: they lie where the mirror had nothing, each behind all that came
   * before. The first walk looks for no row by that.
   */
  areNew(table: TakenTable, rows: readonly Keyed[]): boolean {
    if (!this.#isEmpty || table !== this.table) return false;
    const { through } = this.#range;
    for (const { cells } of rows) {
      const key = table.mirror.keyOf(cells);
      if (this.#last !== undefined && compareKeys(key, this.#last) <= 0) return false;
      this.#last = key;
    }
    return through === undefined || this.#last === undefined || compareKeys(this.#last, through) <= 0;
  }

  /** Those of which something is held, and that the piece has not. */
  held(): readonly Keyed[] {
    return this.#held.filter(({ key }) => !this.#seen.has(key));
  }

  /** Those of the source's rows that the piece has not. */
  async *keys(session: Session, source: number): AsyncGenerator<Keyed[]> {
    if (this.#isEmpty) return;
    const { mirror } = this.table;
    const { from, values, isExact } = rangeOf(mirror, this.#range);
    const ofSource = `select ${mirror.keyNames('t.')} ${from} and t.${ownColumns.source} = ${source}`;
    for await (const rows of scan(session, ofSource, values)) {
      const keys = rows
        .map((row) => mirror.decodeKey(row))
        .filter((key) => isExact || isWithin(key, this.#range));
      const strays = keys.map((cells) => ({ cells, key: formatKey(cells) }));
      yield strays.filter(({ key }) => !this.#seen.has(key));
    }
  }
}

/** `from …` with the rows between the keys, or, where PostgreSQL has them in another order, with all. */
function rangeOf(mirror: Mirror, { after, through }: BatchRange) {
  const ends = [
    { key: after, sign: '>' },
    { key: through, sign: '<=' },
  ];
  const values: (string | null)[] = [];
  const conditions: string[] = [];
  let isExact = mirror.isOrdered;
  for (const { key, sign } of ends) {
    if (key === undefined) continue;
    const encoded = mirror.encodeKey(key);
    if (encoded instanceof Unfit || !mirror.isOrdered) {
      isExact = false;
      continue;
    }
    const parameters = mirror.keyColumns.map(
      ({ kind }, index) => `$${values.length + index + 1}::${sqlTypes[kind]}`,
    );
    conditions.push(`(${mirror.keyNames('t.')}) ${sign} (${parameters.join(', ')})`);
    values.push(...encoded);
  }
  const where = isExact && conditions.length > 0 ? conditions.join(' and ') : 'true';
  return { from: `from ${mirror.table} t where ${where}`, values: isExact ? values : [], isExact };
}

// Values on their way in and out of SQLite, exactly: also text that is no text, which a driver would mend.
import { isUtf8 } from 'node:buffer';
import { type Cell, isBrokenText } from '../../delta/cell.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';

type Bound = null | bigint | number | string | Uint8Array;

interface Prepared {
  run(...parameters: unknown[]): { changes: number };
  get(...parameters: unknown[]): unknown;
}

/** A statement whose parameters are cells: broken text is bound as bytes, and made text in SQL, which keeps them. */
export class CellStatement {
  readonly #database: Database;
  readonly #sql: (parameters: readonly string[]) => string;
  readonly #count: number;
  readonly #isQuery: boolean;
  readonly #plain: Prepared;
  readonly #broken = new Map<string, Prepared>();

  /** `sql` gets a text for each of `count` parameters. */
  constructor(
    database: Database,
    { count, isQuery = false }: { count: number; isQuery?: boolean },
    sql: (parameters: readonly string[]) => string,
  ) {
    this.#database = database;
    this.#sql = sql;
    this.#count = count;
    this.#isQuery = isQuery;
    this.#plain = this.#prepare(Array<string>(count).fill('?'));
  }

  /** How many rows changed. */
  run(cells: readonly Cell[]): number {
    return this.#for(cells).run(...bound(cells)).changes;
  }

  get(cells: readonly Cell[]): Cell[] | undefined {
    return this.#for(cells).get(...bound(cells)) as Cell[] | undefined;
  }

  #for(cells: readonly Cell[]): Prepared {
    if (!cells.some(isBrokenText)) return this.#plain;
    const mask = Array.from({ length: this.#count }, (_, index) =>
      isBrokenText(cells[index] ?? null) ? 'CAST(? AS TEXT)' : '?',
    );
    const known = this.#broken.get(mask.join());
    if (known !== undefined) return known;
    const made = this.#prepare(mask);
    this.#broken.set(mask.join(), made);
    return made;
  }

  #prepare(parameters: readonly string[]): Prepared {
    const statement = this.#database.prepare(this.#sql(parameters));
    return this.#isQuery ? statement.raw().safeIntegers() : statement;
  }
}

/** The values, ready for a statement that has no broken text, or makes it text itself. */
function bound(cells: readonly Cell[]): Bound[] {
  return cells.map((cell) => (isBrokenText(cell) ? cell.text : cell));
}

/** Whether a text that was read may be one that the driver has mended. */
export function mayBeBroken(cells: readonly Cell[]): boolean {
  for (const cell of cells) if (typeof cell === 'string' && cell.includes('\ufffd')) return true;
  return false;
}

/** The columns, to be read as `exactCells` takes them. */
export function exactColumns(names: readonly string[]): string {
  return names
    .map(quoteIdentifier)
    .map((name) => `${name}, typeof(${name}), CAST(${name} AS BLOB)`)
    .join(', ');
}

export function exactCells(row: readonly Cell[]): Cell[] {
  const cells: Cell[] = [];
  for (let index = 0; index < row.length; index += 3)
    cells.push(row[index + 1] === 'text' ? exactText(row[index + 2] as Uint8Array) : (row[index] ?? null));
  return cells;
}

function exactText(bytes: Uint8Array | null): Cell {
  const text = bytes ?? new Uint8Array(); // an empty text is an empty BLOB, which a driver may give as NULL
  return isUtf8(text) ? Buffer.from(text).toString('utf8') : { text };
}

/** Whether both have the same values. */
export function isSameRow(one: readonly Cell[], other: readonly Cell[]): boolean {
  for (let index = 0; index < one.length; index += 1)
    if (!isSameCell(one[index] ?? null, other[index] ?? null)) return false;
  return one.length === other.length;
}

/** Whether both are the same value of the same class. 0.0 and -0.0 are, as they are where SQLite stores them. */
function isSameCell(one: Cell, other: Cell): boolean {
  if (one === other) return true;
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false;
  if (isBrokenText(one)) return isBrokenText(other) && isSameBytes(one.text, other.text);
  return !isBrokenText(other) && isSameBytes(one, other);
}

function isSameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

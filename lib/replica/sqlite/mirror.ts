// One mirrored table: its rows by their key, with whose they are and since which batch.
import type { BatchRange } from '../../delta/batch.ts';
import type { Cell } from '../../delta/cell.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../../sqlite/open.ts';
import { CellStatement, exactCells, exactColumns, mayBeBroken } from './cells.ts';

/** A row as it lies there. */
export interface MirrorRow {
  /** In the order of the shape's columns. */
  readonly cells: readonly Cell[];
  /** Whose it is; 0 for one that staff added, negative where that source has it no more. */
  readonly source: number;
  readonly batch: number;
}

/** Behind the columns of the source. */
const hiddenColumns = ['_holdfast_source', '_holdfast_batch', '_holdfast_deleted_at'] as const;

const pageRows = 2000;

/** Statements are prepared once for each table as it is at one time. */
export class MirrorTable {
  readonly shape: TableShape;
  readonly #database: Database;
  readonly #columns: readonly string[];
  readonly #keyIndexes: readonly number[];
  readonly #table: string;
  readonly #where: (parameters: readonly string[]) => string;
  #read: CellStatement | undefined;
  #readExactly: CellStatement | undefined;
  #write: CellStatement | undefined;
  #erase: CellStatement | undefined;
  #mark: CellStatement | undefined;

  constructor(database: Database, shape: TableShape) {
    this.#database = database;
    this.shape = shape;
    this.#columns = shape.columns.map(({ name }) => name);
    this.#keyIndexes = shape.key.map((name) => this.#columns.indexOf(name));
    this.#table = quoteIdentifier(shape.name);
    const key = shape.key.map(quoteIdentifier);
    this.#where = (parameters) => key.map((name, index) => `${name} = ${parameters[index]}`).join(' AND ');
  }

  keyOf(cells: readonly Cell[]): Cell[] {
    return this.#keyIndexes.map((index) => cells[index] ?? null);
  }

  read(key: readonly Cell[]): MirrorRow | undefined {
    const hidden = hiddenColumns.slice(0, 2).join(', ');
    const query = (columns: string) => (parameters: readonly string[]) =>
      `SELECT ${columns} FROM ${this.#table} WHERE ${this.#where(parameters)}`;
    const shape = { count: key.length, isQuery: true };
    this.#read ??= new CellStatement(
      this.#database,
      shape,
      query(`${this.#columns.map(quoteIdentifier).join(', ')}, ${hidden}`),
    );
    const row = this.#read.get(key);
    if (row === undefined) return undefined;
    const [batch, source] = [Number(row.pop()), Number(row.pop())];
    if (!mayBeBroken(row)) return { cells: row, source, batch };
    this.#readExactly ??= new CellStatement(this.#database, shape, query(exactColumns(this.#columns)));
    return { cells: exactCells(this.#readExactly.get(key) ?? []), source, batch };
  }

  /** Puts the row there, or in the place of the one with its key. */
  write(cells: readonly Cell[], source: number, batch: number): void {
    this.#write ??= new CellStatement(this.#database, { count: cells.length + 2 }, (parameters) => {
      const names = [...this.#columns.map(quoteIdentifier), ...hiddenColumns.slice(0, 2)];
      const key = this.shape.key.map(quoteIdentifier);
      // The key as well: 1 and 1.0 are one key, and not one value.
      const sets = names.map((name) => `${name} = excluded.${name}`);
      return `INSERT INTO ${this.#table} (${names.join(', ')}) VALUES (${parameters.join(', ')})
        ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${[...sets, '_holdfast_deleted_at = NULL'].join(', ')}`;
    });
    this.#write.run([...cells, BigInt(source), BigInt(batch)]);
  }

  erase(key: readonly Cell[]): void {
    this.#erase ??= new CellStatement(
      this.#database,
      { count: key.length },
      (parameters) => `DELETE FROM ${this.#table} WHERE ${this.#where(parameters)}`,
    );
    this.#erase.run(key);
  }

  /** Leaves the row, as one that its source has no more. */
  disown(key: readonly Cell[], source: number, batch: number, deletedAt: string | null): void {
    this.#mark ??= new CellStatement(
      this.#database,
      { count: key.length + 3 },
      ([sourceAt, batchAt, deleted, ...parameters]) =>
        `UPDATE ${this.#table} SET _holdfast_source = ${sourceAt}, _holdfast_batch = ${batchAt},
           _holdfast_deleted_at = ${deleted} WHERE ${this.#where(parameters)}`,
    );
    this.#mark.run([BigInt(-source), BigInt(batch), deletedAt, ...key]);
  }

  /** Whether any row lies between the keys, whosever it is. */
  hasRows(range: BatchRange): boolean {
    return this.#inRange('1', range, 'LIMIT 1').length > 0;
  }

  /** The keys of the source's rows between the keys, a page at a time: a page may be erased before the next. */
  *keysOf(source: number, range: BatchRange): Generator<Cell[]> {
    const columns = exactColumns(this.shape.key);
    const order = `ORDER BY ${this.shape.key.map(quoteIdentifier).join(', ')} LIMIT ${pageRows}`;
    let { after } = range;
    for (;;) {
      const page = this.#inRange(columns, { ...range, after }, `AND _holdfast_source = ${source} ${order}`);
      const keys = page.map(exactCells);
      yield* keys;
      if (keys.length < pageRows) return;
      after = keys.at(-1);
    }
  }

  rows(): number {
    return Number(this.#database.prepare(`SELECT count(*) FROM ${this.#table}`).pluck().get());
  }

  #inRange(columns: string, { after, through }: BatchRange, rest: string): Cell[][] {
    const key = `(${this.shape.key.map(quoteIdentifier).join(', ')})`;
    const values = (cells: readonly Cell[]) => `(${cells.map(textOrBytes).join(', ')})`;
    const conditions = [
      ...(after === undefined ? [] : [`${key} > ${values(after)}`]),
      ...(through === undefined ? [] : [`${key} <= ${values(through)}`]),
    ];
    const where = conditions.length === 0 ? '1' : conditions.join(' AND ');
    return this.#database
      .prepare(`SELECT ${columns} FROM ${this.#table} WHERE ${where} ${rest}`)
      .raw()
      .safeIntegers()
      .all([...(after ?? []), ...(through ?? [])].map(asBound)) as Cell[][];
  }
}

function textOrBytes(cell: Cell): string {
  return isBroken(cell) ? 'CAST(? AS TEXT)' : '?';
}

function asBound(cell: Cell): unknown {
  return isBroken(cell) ? cell.text : cell;
}

function isBroken(cell: Cell): cell is Extract<Cell, { text: Uint8Array }> {
  return typeof cell === 'object' && cell !== null && 'text' in cell;
}

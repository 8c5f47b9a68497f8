// Rows of a table one after another, with their day: all in the transaction that is open, or a step at a time, so that no
// lock is held for long.
import { rowHashText } from '../../delta/canonical.ts';
import type { Cell } from '../../delta/cell.ts';
import { quoteIdentifier } from '../open.ts';
import { exactCells, exactColumns, mayBeMended, type RawCell, storesUtf8 } from './exact-cells.ts';
import {
  dayCondition,
  dayExpression,
  dayOrNull,
  rowidName,
  type ScannedTable,
  storedColumns,
} from './scanned-table.ts';

/** In the order of the shape's columns. Of a row that has no day it is null. */
export type TakeRow = (cells: Cell[], day: string | null) => void;

/** Reads each row of these days once, of all where none are given: from one end of the table to the other. */
export class RowScan {
  readonly #table: ScannedTable;
  readonly #days: ReadonlySet<string | null> | undefined;
  readonly #take: TakeRow;
  readonly #columns: readonly string[];
  readonly #rowid: string | undefined;
  readonly #isUtf8: boolean;
  /** What tells the rows apart that a step ends between: the row's number, or its key. */
  readonly #marks: readonly string[];
  #after: readonly Cell[] | undefined;
  /** Of rows that are told apart by their content alone. */
  readonly #equalRows: Map<string, number> | undefined;

  constructor(table: ScannedTable, days: ReadonlySet<string | null> | undefined, take: TakeRow) {
    this.#table = table;
    this.#days = days;
    this.#take = take;
    this.#columns = storedColumns(table);
    this.#rowid = rowidName(table.database, table.shape.name);
    this.#isUtf8 = storesUtf8(table.database);
    this.#marks =
      this.#rowid === undefined
        ? table.shape.key.map((name) => `t.${quoteIdentifier(name)} COLLATE BINARY`)
        : [`t.${this.#rowid}`];
    if (this.#columns.length < table.shape.columns.length) this.#equalRows = new Map();
  }

  /** All of them, in one statement. */
  readAll(): void {
    this.#read(undefined, undefined);
  }

  /** About so many more, in two short statements. False at the end. */
  step(rows: number): boolean {
    const from = this.#after;
    const through = this.#markBehind(from, rows);
    this.#read(from, through);
    this.#after = through;
    return through !== undefined;
  }

  /** Where the step ends; undefined where fewer rows are left. */
  #markBehind(after: readonly Cell[] | undefined, rows: number): Cell[] | undefined {
    const [condition, values] = this.#bound('>', after);
    const list = this.#marks.map(
      (mark) => `${mark}, CASE typeof(${mark}) WHEN 'text' THEN CAST(${mark} AS BLOB) END`,
    );
    const row = this.#table.database
      .prepare(
        `SELECT ${list.join(', ')} FROM ${this.#from()} WHERE ${condition}
          ORDER BY ${this.#marks.join(', ')} LIMIT 1 OFFSET ${Math.max(0, rows - 1)}`,
      )
      .raw()
      .safeIntegers()
      .get(...values) as RawCell[] | undefined;
    if (row === undefined) return undefined;
    return this.#isUtf8 ? exactCells(row) : row.filter((_, index) => index % 2 === 0);
  }

  #read(after: readonly Cell[] | undefined, through: readonly Cell[] | undefined): void {
    const { database, where } = this.#table;
    const ofDays = this.#days && dayCondition(this.#table, this.#days);
    const [lower, lowerValues] = this.#bound('>', after);
    const [upper, upperValues] = this.#bound('<=', through);
    const conditions = [lower, upper, where, ofDays].filter((each) => each !== undefined && each !== '1');
    const tail = `${dayExpression(this.#table)} FROM ${this.#from()} WHERE ${conditions.join(' AND ') || '1'}`;
    const values = [...lowerValues, ...upperValues, ...(ofDays === undefined ? [] : (this.#days ?? []))];
    // A row whose text may have been mended is read once more by its number; where rows have none, all are read so.
    const isExact = this.#rowid === undefined && this.#isUtf8;
    const names = this.#columns.map((name) => `t.${quoteIdentifier(name)}`);
    const list = isExact ? exactColumns(this.#columns) : names.join(', ');
    const mark = this.#rowid === undefined ? '0' : `t.${this.#rowid}`;
    const rows = database
      .prepare(`SELECT ${list}, ${mark}, ${tail}`)
      .raw()
      .safeIntegers()
      .iterate(...values) as IterableIterator<RawCell[]>;
    const mended: [Cell, string | null][] = [];
    for (const row of rows) {
      const day = dayOrNull(row.pop() ?? null);
      const number = row.pop() ?? null;
      if (this.#days?.has(day) === false) continue;
      if (isExact) this.#hand(exactCells(row), day);
      else if (this.#isUtf8 && mayBeMended(row)) mended.push([number, day]);
      else this.#hand(row, day);
    }
    for (const [number, day] of mended) this.#handExactly(number, day);
  }

  #handExactly(number: Cell, day: string | null): void {
    const row = this.#table.database
      .prepare(`SELECT ${exactColumns(this.#columns)} FROM ${this.#from()} WHERE t.${this.#rowid} = ?`)
      .raw()
      .safeIntegers()
      .get(number) as RawCell[] | undefined;
    if (row !== undefined) this.#hand(exactCells(row), day); // else it went between two statements
  }

  #hand(cells: Cell[], day: string | null): void {
    if (this.#equalRows !== undefined) {
      const hash = rowHashText(cells);
      const place = (this.#equalRows.get(hash) ?? 0) + 1;
      this.#equalRows.set(hash, place);
      cells.push(`${hash}:${place}`);
    }
    this.#take(cells, day);
  }

  #from(): string {
    return `main.${quoteIdentifier(this.#table.shape.name)} AS t`;
  }

  #bound(operator: string, cells: readonly Cell[] | undefined): [string, RawCell[]] {
    if (cells === undefined) return ['1', []];
    const values = cells.map((cell) => {
      if (typeof cell !== 'object' || cell === null) return ['?', cell] as const;
      return 'text' in cell
        ? (['CAST(? AS TEXT)', Buffer.from(cell.text)] as const)
        : (['?', Buffer.from(cell)] as const);
    });
    const condition = `(${this.#marks.join(', ')}) ${operator} (${values.map(([mark]) => mark).join(', ')})`;
    return [condition, values.map(([, value]) => value)];
  }
}

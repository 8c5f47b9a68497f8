// Rows on their way into a table, in the place of those that it has. They are held while they are few; beyond that they wait in
// a table that SQLite keeps in a file of its own, so that any number needs the same memory.
import { hash } from 'node:crypto';
import { type Cell, cellJson, RawText } from '../../export/cell.ts';
import type { Replacement, RowsOf } from '../../export/loader.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { eachRow } from './read-cells.ts';

/** So many characters of JSON: more than the documents of most days have. */
const heldCharactersMax = 256 * 1024;
/** The same once some wait: what goes before it is old costs no memory until all that is old is looked through. */
const passingCharactersMax = 8 * 1024;

const plain = { indent: 0, ascii: false, finalNewline: false };

/** Which of the values that are given the table stores, and for which day. */
export interface Filled extends RowsOf {
  isStored(index: number): boolean;
  dayValue: string;
}

/** Rows that are already what they are to be are left alone: a mirror that nothing happened to is not written. */
export function fillTable(database: Database, filled: Filled): Replacement {
  const { table, day, dayValue } = filled;
  const isStored = (_: unknown, index: number) => filled.isStored(index);
  const columns = filled.columns.filter(isStored);
  const where = day === undefined ? '' : `WHERE ${quoteIdentifier(day)} = ?`;
  const parameters = day === undefined ? [] : [dayValue];
  const wanted = new RowsDigest();
  const parts = new Map<number, Part>();
  let heldCharacters = 0;
  const wait = () => {
    for (const part of parts.values()) {
      if (part.held.length === 0) continue;
      part.waiting ??= makeWaiting(database, columns.length);
      insertRows(database, part.waiting, part.held);
      part.held = [];
    }
    heldCharacters = 0;
  };
  const isThere = () => {
    const there = new RowsDigest();
    const selection = { columns, from: `FROM ${quoteIdentifier(table)} ${where}`, order: '', parameters };
    eachRow(database, selection, (row) => void there.add(row));
    return there.equals(wanted);
  };
  const place = () => {
    const into = `${quoteIdentifier(table)} (${columns.map(quoteIdentifier).join(', ')})`;
    for (const [, { held, waiting }] of [...parts].sort(([a], [b]) => a - b)) {
      if (waiting !== undefined) database.exec(`INSERT INTO ${into} SELECT * FROM ${waiting} ORDER BY rowid`);
      insertRows(database, into, held);
    }
  };
  const leave = () => {
    for (const { waiting } of parts.values())
      if (waiting !== undefined) database.exec(`DROP TABLE ${waiting}`);
  };
  return {
    add(row, number) {
      const stored = row.filter(isStored);
      const part = parts.get(number) ?? { held: [], waiting: undefined };
      parts.set(number, part);
      part.held.push(stored);
      heldCharacters += wanted.add(stored);
      if (heldCharacters > (part.waiting === undefined ? heldCharactersMax : passingCharactersMax)) wait();
    },
    end() {
      const isSame = columns.length > 0 && isThere();
      const old = isSame ? undefined : database.prepare(`DELETE FROM ${quoteIdentifier(table)} ${where}`);
      const removed = old?.run(...parameters).changes ?? 0;
      if (!isSame) place();
      leave();
      return { removed, added: isSame ? 0 : wanted.count };
    },
  };
}

/** Rows that follow one another: those that are held come after those that wait. */
interface Part {
  held: Cell[][];
  waiting: string | undefined;
}

/** Tells rows from others, in whatever order they come: each as often as it is there. */
class RowsDigest {
  count = 0;
  readonly #sums = new BigUint64Array(4);

  /** Returns how many characters of JSON the row has. */
  add(row: readonly Cell[]): number {
    const text = row.map((cell) => cellJson(cell, plain)).join();
    const bytes = hash('sha256', text, 'buffer');
    for (const [index, sum] of this.#sums.entries())
      this.#sums[index] = sum + bytes.readBigUInt64LE(index * 8); // what does not fit falls away
    this.count += 1;
    return text.length;
  }

  equals(other: RowsDigest): boolean {
    return this.count === other.count && this.#sums.every((sum, index) => sum === other.#sums[index]);
  }
}

let made = 0;

/** Its columns change no value, whatever its type is. */
function makeWaiting(database: Database, columns: number): string {
  const name = `temp.holdfast_waiting_${(made += 1)}`;
  const values = Array.from({ length: columns }, (_, index) => `v${index}`).join(', ');
  database.exec(`CREATE TABLE ${name} (${values})`);
  return name;
}

function insertRows(database: Database, into: string, rows: readonly Cell[][]): void {
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  for (const row of rows) {
    const places = row.map(placeOf).join(', ');
    const statement = statements.get(places) ?? database.prepare(`INSERT INTO ${into} VALUES (${places})`);
    statements.set(places, statement);
    statement.run(...row.map(boundOf));
  }
}

/** A number that is whole would be bound as an integer, and bytes are no text. */
function placeOf(cell: Cell): string {
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0.0 + ?' : 'CAST(? AS REAL)';
  return cell instanceof RawText ? 'CAST(? AS TEXT)' : '?';
}

function boundOf(cell: Cell): Exclude<Cell, RawText> {
  if (typeof cell === 'number' && Object.is(cell, -0)) return 0n;
  return cell instanceof RawText ? cell.bytes : cell;
}

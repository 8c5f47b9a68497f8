// A change that is held, as it is kept: with the names of its columns, so that it can be taken in when the table has others.
import { type Cell, decodeCell, encodeCell } from './cell.ts';

export interface HeldRow {
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
}

/** JSON. Every REAL that is whole is marked, so that it needs no types beside it. */
export function formatHeldRow({ columns, cells }: HeldRow): string {
  return JSON.stringify({ columns, cells: cells.map((cell) => encodeCell(cell, false)) });
}

export function parseHeldRow(text: string): HeldRow {
  const { columns, cells } = JSON.parse(text) as { columns: string[]; cells: unknown[] };
  return { columns, cells: cells.map((cell) => decodeCell(cell, false)) };
}

/**
 * A key as it is kept and compared: the same text exactly for what SQLite takes for one key. 1 and 1.0 are one, and -0.0 and
 * 0.0, which not every target stores: a whole REAL is written, and read again, as the INTEGER that it equals.
 */
export function formatKey(key: readonly Cell[]): string {
  if (key.length === 1 && typeof key[0] === 'bigint') return `[${quickInteger(key[0])}]`;
  return JSON.stringify(key.map((cell) => encodeCell(isWhole(cell) ? BigInt(cell) : cell, false)));
}

function isWhole(cell: Cell): cell is number {
  return typeof cell === 'number' && Number.isInteger(cell) && cell >= -(2 ** 63) && cell < 2 ** 63;
}

export function parseKey(text: string): Cell[] {
  return (JSON.parse(text) as unknown[]).map((cell) => decodeCell(cell, false));
}

function quickInteger(value: bigint): string {
  return value <= 9007199254740991n && value >= -9007199254740991n
    ? value.toString()
    : JSON.stringify({ i: value.toString() });
}

// Values as they are stored: whole numbers as bigint, text that is not UTF-8 as its bytes; and the same bound into a query.
import { type Cell, isBrokenText } from '../../delta/cell.ts';
import type { Database } from '../open.ts';

/** What better-sqlite3 gives for a value, with safe integers. */
export type RawCell = null | bigint | number | string | Buffer;

/** Reads one value's bytes where its text cannot be believed. */
export type ReadBytes = (column: number) => Buffer | undefined;

/**
 * The cells of a row. Where SQLite's text is not UTF-8, JavaScript has U+FFFD in its place; a text with one is asked for once
 * more as its bytes, and is itself where it says so.
 */
export function cellsOf(row: readonly RawCell[], readBytes: ReadBytes): Cell[] {
  return row.map((cell, column) => {
    if (typeof cell !== 'string' || !cell.includes('\ufffd')) return cell;
    const bytes = readBytes(column);
    return bytes === undefined || Buffer.from(cell, 'utf8').equals(bytes)
      ? cell
      : { text: new Uint8Array(bytes) };
  });
}

/** About how much memory a row takes. */
export function sizeOf(cells: readonly Cell[]): number {
  let size = 16;
  for (const cell of cells) {
    if (typeof cell === 'string') size += cell.length + 2;
    else if (cell === null || typeof cell !== 'object') size += 9;
    else size += (isBrokenText(cell) ? cell.text : cell).length * 1.4 + 8;
  }
  return size;
}

/** What stands for a value in a query, and what is bound there: broken text can only be bound as bytes. */
export function bound(cell: Cell): { sql: string; value: RawCell } {
  if (cell === null || typeof cell !== 'object') return { sql: '?', value: cell };
  if (isBrokenText(cell)) return { sql: 'CAST(? AS TEXT)', value: asBuffer(cell.text) };
  return { sql: '?', value: asBuffer(cell) };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether the database stores text as UTF-8: of others no bytes are compared. */
export function isUtf8(database: Database): boolean {
  return database.pragma('encoding', { simple: true }) === 'UTF-8';
}

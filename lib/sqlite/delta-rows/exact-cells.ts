// Values of rows exactly as they are stored: whole numbers as bigint, and text that is not UTF-8 as its bytes, which a driver
// would mend without a word.
import { isUtf8 } from 'node:buffer';
import type { Cell } from '../../delta/cell.ts';
import { type Database, quoteIdentifier } from '../open.ts';

/** What better-sqlite3 gives for a value, with safe integers. */
export type RawCell = null | bigint | number | string | Buffer;

/** Whether a text among them may be one that was mended. */
export function mayBeMended(cells: readonly RawCell[]): boolean {
  for (const cell of cells) if (typeof cell === 'string' && cell.includes('\ufffd')) return true;
  return false;
}

/** The columns, to be read as `exactCells` takes them. */
export function exactColumns(names: readonly string[]): string {
  return names
    .map(quoteIdentifier)
    .map((name) => `${name}, CASE typeof(${name}) WHEN 'text' THEN CAST(${name} AS BLOB) END`)
    .join(', ');
}

export function exactCells(row: readonly RawCell[]): Cell[] {
  return Array.from({ length: row.length / 2 }, (_, index) => {
    const [cell = null, bytes] = [row[2 * index], row[2 * index + 1]];
    return typeof cell === 'string' && Buffer.isBuffer(bytes) && !isUtf8(bytes) ? { text: bytes } : cell;
  });
}

/** Whether text is stored as UTF-8: of other databases no bytes can be compared, and their text is always one. */
export function storesUtf8(database: Database): boolean {
  return database.pragma('encoding', { simple: true }) === 'UTF-8';
}

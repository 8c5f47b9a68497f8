// A value of a column without a type, as JSON: a number with a point is a REAL and one without an INTEGER, a string is text. What
// JSON has no word for is marked: `{"b": base64}` bytes, `{"t": base64}` text that PostgreSQL cannot hold, `{"r": "Infinity"}`.
import { isUtf8 } from 'node:buffer';
import { type Cell, decodeCell, isBrokenText } from '../../delta/cell.ts';

export function writeJson(cell: Exclude<Cell, null>): string {
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number') return writeReal(cell);
  if (typeof cell === 'string') return writeText(cell);
  return isBrokenText(cell) ? marked('t', cell.text) : marked('b', cell);
}

/** The server may write the digits of a number in another way than it read them, but never another number. */
export function readJson(json: string): Cell {
  if (/^-?\d+$/.test(json)) return BigInt(json);
  const value = JSON.parse(json) as unknown;
  if (typeof value === 'number') return value;
  const cell = decodeCell(value, true);
  return isBrokenText(cell) && isUtf8(cell.text) ? Buffer.from(cell.text).toString('utf8') : cell;
}

function writeReal(cell: number): string {
  if (!Number.isFinite(cell)) return JSON.stringify({ r: String(cell) });
  return Number.isInteger(cell) ? `${BigInt(cell)}.0` : String(cell);
}

function writeText(cell: string): string {
  const isHeld = !cell.includes('\0') && cell.isWellFormed();
  return isHeld ? JSON.stringify(cell) : marked('t', Buffer.from(cell, 'utf8'));
}

function marked(mark: 'b' | 't', bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return JSON.stringify({ [mark]: text });
}

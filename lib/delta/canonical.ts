// The bytes that a row is known by: columns in the order of their shape, each value with its class. Two rows are the same
// exactly when these are; what a parity digest and the order between equal time stamps are made of.
import { hash } from 'node:crypto';
import { type Cell, isBrokenText } from './cell.ts';

/** The first 64 bits of the SHA-256 of the row's canonical bytes. */
export function rowHash(cells: readonly Cell[]): bigint {
  return BigInt(`0x${rowHashText(cells)}`);
}

/** The same as 16 hex digits. */
export function rowHashText(cells: readonly Cell[]): string {
  let end = 0;
  for (const cell of cells) end = append(cell, end);
  const text = hash('sha256', scratch.subarray(0, end), 'hex').slice(0, 16);
  if (scratch.length > keptBytesMax) scratch = Buffer.allocUnsafe(usualBytes);
  return text;
}

const usualBytes = 64 * 1024;

/** What one large row needed is not kept for all others. */
const keptBytesMax = 4 * 1024 * 1024;

/** The bytes of one row. Kept for the next: a buffer and a hash object for each value cost three times as much (measured). */
let scratch = Buffer.allocUnsafe(usualBytes);

/** More than the class and the length of a value take, or a number with them. */
const smallBytesMax = 64;

/** A value's class and bytes. -0.0 and 0.0 are one, as they are where SQLite stores either; so is what it has no NaN for. */
function append(cell: Cell, at: number): number {
  if (cell === null) return appendSmall('n0:', at);
  if (typeof cell === 'bigint') {
    const digits = cell.toString();
    return appendSmall(`i${digits.length}:${digits}`, at);
  }
  if (typeof cell === 'number') {
    const start = appendSmall('r8:', at);
    return scratch.writeDoubleBE(cell === 0 ? 0 : cell, start);
  }
  if (typeof cell === 'string') {
    const bytes = Buffer.byteLength(cell);
    const start = appendSmall(`t${bytes}:`, at, bytes);
    return start + scratch.write(cell, start);
  }
  const [tag, bytes] = isBrokenText(cell) ? ['t', cell.text] : ['b', cell];
  const start = appendSmall(`${tag}${bytes.length}:`, at, bytes.length);
  scratch.set(bytes, start);
  return start + bytes.length;
}

/** There is room behind it for `more` bytes. */
function appendSmall(text: string, at: number, more = 0): number {
  const needed = at + smallBytesMax + more;
  if (needed > scratch.length) {
    const larger = Buffer.allocUnsafe(2 * needed);
    scratch.copy(larger, 0, 0, at);
    scratch = larger;
  }
  return at + scratch.write(text, at, 'latin1');
}

// The bytes that a row is known by: columns in the order of their shape, each value with its class. Two rows are the same
// exactly when these are; what a parity digest and the order between equal time stamps are made of.
import { createHash } from 'node:crypto';
import { type Cell, isBrokenText } from './cell.ts';

/** The first 64 bits of the SHA-256 of the row's canonical bytes. */
export function rowHash(cells: readonly Cell[]): bigint {
  return digest(cells).readBigUInt64BE(0);
}

/** The same as 16 hex digits. */
export function rowHashText(cells: readonly Cell[]): string {
  return digest(cells).toString('hex', 0, 8);
}

function digest(cells: readonly Cell[]): Buffer {
  const hash = createHash('sha256');
  for (const cell of cells) {
    const [tag, bytes] = canonical(cell);
    hash.update(`${tag}${bytes.length}:`);
    hash.update(bytes);
  }
  return hash.digest();
}

/** A value's class and bytes. -0.0 and 0.0 are one, as they are where SQLite stores either; so is what it has no NaN for. */
function canonical(cell: Cell): [string, string | Uint8Array] {
  if (cell === null) return ['n', ''];
  if (typeof cell === 'bigint') return ['i', cell.toString()];
  if (typeof cell === 'number') return ['r', realBytes(cell)];
  if (typeof cell === 'string') return ['t', Buffer.from(cell, 'utf8')];
  return isBrokenText(cell) ? ['t', cell.text] : ['b', cell];
}

function realBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value === 0 ? 0 : value);
  return bytes;
}

// One value of SQLite, exactly: its storage class and its bytes, on the wire and in a digest.

/**
 * INTEGER is a bigint, REAL a number, TEXT a string, BLOB bytes; text that is not UTF-8 is its bytes, marked. A number is
 * never an INTEGER: JavaScript would bind 1 as 1.0.
 */
export type Cell = null | bigint | number | string | Uint8Array | BrokenText;

/** Text whose bytes are not UTF-8, or hold a lone surrogate: as they are stored. */
export interface BrokenText {
  readonly text: Uint8Array;
}

export function isBrokenText(cell: Cell): cell is BrokenText {
  return typeof cell === 'object' && cell !== null && 'text' in cell;
}

/** A value as it stands in a line of a batch; see docs/formats.md. */
export type WireCell =
  | null
  | string
  | number
  | { readonly i: string }
  | { readonly r: string }
  | { readonly b: string }
  | { readonly t: string };

/**
 * Whether a plain number of the wire is a REAL: in a column of REAL affinity all are, elsewhere those that are not whole.
 * Everything else is marked.
 */
export function encodeCell(cell: Cell, isReal: boolean): WireCell {
  if (cell === null || typeof cell === 'string') return cell;
  if (typeof cell === 'bigint') {
    const isPlain = !isReal && cell <= 9007199254740991n && cell >= -9007199254740991n;
    return isPlain ? Number(cell) : { i: cell.toString() };
  }
  if (typeof cell === 'number') {
    const isPlain = Number.isFinite(cell) && (isReal || !Number.isInteger(cell)) && !Object.is(cell, -0);
    return isPlain ? cell : { r: Object.is(cell, -0) ? '-0' : String(cell) };
  }
  return isBrokenText(cell) ? { t: base64(cell.text) } : { b: base64(cell) };
}

/** The value of a line. Throws RangeError for what is none: whoever reads lines of others says whose they are. */
export function decodeCell(wire: unknown, isReal: boolean): Cell {
  if (wire === null || typeof wire === 'string') return wire;
  if (typeof wire === 'number') return decodeNumber(wire, isReal);
  if (typeof wire !== 'object') throw new RangeError('a value is neither text, number, null nor an object');
  const [entry, ...others] = Object.entries(wire);
  const [key, value] = (entry ?? []) as [string?, unknown?];
  if (others.length > 0 || typeof value !== 'string') throw new RangeError('a marked value has one text');
  if (key === 'i') return decodeInteger(value);
  if (key === 'r') return decodeReal(value);
  if (key === 'b') return decodeBytes(value);
  if (key === 't') return { text: decodeBytes(value) };
  throw new RangeError('a value has a mark that nobody knows');
}

function decodeNumber(wire: number, isReal: boolean): Cell {
  if (isReal || !Number.isInteger(wire)) return wire;
  if (!Number.isSafeInteger(wire)) throw new RangeError('a whole number is larger than a plain one may be');
  return BigInt(wire);
}

function decodeInteger(text: string): bigint {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) throw new RangeError('a marked INTEGER is no whole number');
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) throw new RangeError('a marked INTEGER has more than 64 bits');
  return value;
}

function decodeReal(text: string): number {
  const value = Number(text);
  if (!/^-?(Infinity|\d+(\.\d+)?(e[+-]?\d+)?)$/.test(text))
    throw new RangeError('a marked REAL is no number');
  return value;
}

function decodeBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new RangeError('marked bytes are no base64');
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

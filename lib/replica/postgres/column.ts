// What a column of a mirror is in PostgreSQL, and how a value of SQLite stands in it: exactly, or not at all.
import { type Cell, isBrokenText } from '../../delta/cell.ts';
import { affinityOf } from '../../delta/shape.ts';
import { readJson, writeJson } from './json-value.ts';

/**
 * `scalar` is text as it is, and a number in its digits: where SQLite would have made a number of such a text, as it does in
 * columns of dates, the two cannot be taken for one another. `any` is JSON.
 */
export type ColumnKind = 'integer' | 'real' | 'text' | 'bytes' | 'number' | 'scalar' | 'any';

/** By the declared type. docs/formats.md has the table. */
export function kindOf(declared: string): ColumnKind {
  switch (affinityOf(declared)) {
    case 'INTEGER':
      return 'integer';
    case 'REAL':
      return 'real';
    case 'TEXT':
      return 'text';
    case 'BLOB':
      return /BLOB/i.test(declared) ? 'bytes' : 'any';
    case 'NUMERIC':
      return /^\s*(BOOL|NUM|DEC|MONEY)/i.test(declared) ? 'number' : 'scalar';
  }
}

/** As PostgreSQL declares it, without a collation. */
export const sqlTypes: Record<ColumnKind, string> = {
  integer: 'bigint',
  real: 'double precision',
  text: 'text',
  bytes: 'bytea',
  number: 'numeric',
  scalar: 'text',
  any: 'jsonb',
};

/** Those whose values PostgreSQL puts in SQLite's own order. */
export function isOrdered(kind: ColumnKind): boolean {
  return kind !== 'scalar' && kind !== 'any';
}

/** Why a value cannot stand in a column. */
export class Unfit {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** The value as the server reads it; null is NULL. */
export function encode(cell: Cell, kind: ColumnKind): string | null | Unfit {
  if (cell === null) return null;
  if (kind === 'any') return writeJson(cell);
  if (typeof cell === 'bigint') return encodeInteger(cell, kind);
  if (typeof cell === 'number') return encodeReal(cell, kind);
  if (typeof cell === 'string') return encodeText(cell, kind);
  if (isBrokenText(cell)) return new Unfit('text that is not valid UTF-8');
  return kind === 'bytes' ? `\\x${hex(cell)}` : misfit('bytes', kind);
}

/** The value that it was made of. */
export function decode(value: string | null, kind: ColumnKind): Cell {
  if (value === null) return null;
  switch (kind) {
    case 'integer':
      return BigInt(value);
    case 'real':
      return Number(value);
    case 'text':
      return value;
    case 'bytes':
      return Buffer.from(value.slice(2), 'hex');
    case 'number':
      return numberOf(value);
    case 'scalar':
      return isNumber(value) ? numberOf(value) : value;
    case 'any':
      return readJson(value);
  }
}

function encodeInteger(cell: bigint, kind: ColumnKind): string | Unfit {
  const isAtHome = kind === 'integer' || kind === 'number' || kind === 'scalar';
  return isAtHome ? cell.toString() : misfit('an INTEGER', kind);
}

function encodeReal(cell: number, kind: ColumnKind): string | Unfit {
  if (kind === 'real') return String(cell);
  return kind === 'number' || kind === 'scalar' ? realDigits(cell) : misfit('a REAL', kind);
}

function encodeText(cell: string, kind: ColumnKind): string | Unfit {
  if (kind !== 'text' && kind !== 'scalar') return misfit('text', kind);
  if (cell.includes('\0')) return new Unfit('text with a NUL in it');
  // Half a surrogate pair would be replaced on its way.
  if (!cell.isWellFormed()) return new Unfit('text that is not valid UTF-8');
  return kind === 'scalar' && isNumber(cell) ? new Unfit('text that looks like a number') : cell;
}

function misfit(what: string, kind: ColumnKind): Unfit {
  return new Unfit(`${what} in a column of type ${sqlTypes[kind]}`);
}

/** A REAL always has a point, which no INTEGER has, or is infinite. */
function realDigits(cell: number): string {
  if (!Number.isFinite(cell)) return String(cell);
  if (Number.isInteger(cell)) return `${BigInt(cell)}.0`;
  return String(cell);
}

/** The shortest digits of a REAL may have an exponent and no point: 1e-7. */
function numberOf(value: string): bigint | number {
  return /^-?\d+$/.test(value) ? BigInt(value) : Number(value);
}

function isNumber(text: string): boolean {
  return /^-?(\d+|\d+\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+|Infinity)$/.test(text);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

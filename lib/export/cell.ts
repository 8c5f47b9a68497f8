// One value of a row, as JSON: exactly, or not at all.
import { type JsonStyle, quoted } from './style.ts';

/**
 * A value as SQLite has it: an integer, a REAL, a text, bytes, or NULL. Bytes in the place of a text are one that is not
 * UTF-8, and stand in a `RawText`.
 */
export type Cell = bigint | number | string | Uint8Array | RawText | null;

/** The bytes of a text that is not valid UTF-8. */
export class RawText {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/**
 * The JSON of a value:
 * - an integer: its digits, all 64 bits of them;
 * - a REAL: the shortest digits that are read back as the same number, always with a point or an exponent, by which it
 *   is told from an integer; infinities as `{"$real": "Infinity"}`, for JSON has none;
 * - a text: a string; one that is not UTF-8 as `{"$text": "<base64>"}`;
 * - bytes: `{"$base64": "…"}`.
 */
export function cellJson(value: Cell, style: JsonStyle): string {
  if (typeof value === 'string') return quoted(value, style);
  if (typeof value === 'bigint') return value.toString();
  if (value === null) return 'null';
  if (typeof value === 'number') return realJson(value, style);
  if (value instanceof RawText) return tagged('$text', base64(value.bytes), style);
  return tagged('$base64', base64(value), style);
}

function realJson(value: number, style: JsonStyle): string {
  if (!Number.isFinite(value)) return tagged('$real', String(value), style);
  const digits = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(digits) ? digits : `${digits}.0`;
}

function tagged(tag: string, text: string, { indent }: JsonStyle): string {
  return `{"${tag}":${indent === 0 ? '' : ' '}"${text}"}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

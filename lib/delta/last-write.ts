// When a row was last changed, in microseconds since 1970, and which of two changes of one row by two sources is the last.
import type { Cell } from './cell.ts';

/** A stamp may be so far ahead of our clock. */
export const clockAheadMs = 5 * 60_000;

/** What orders the changes of a row between sources: by the stamp, then by the hash, so that each receiver decides alike. */
export interface Written {
  readonly stamp: number;
  hash(): bigint;
}

/** Whether `one` was written after `other`. Of equals neither was. */
export function isLater(one: Written, other: Written): boolean {
  return one.stamp === other.stamp ? one.hash() > other.hash() : one.stamp > other.stamp;
}

/**
 * The instant that a cell says: ISO text with or without `T`, seconds, up to nine digits of a fraction and a zone (UTC
 * without one), the text of HTTP, or seconds, milliseconds or microseconds since 1970. Undefined for anything else.
 */
export function stampOf(cell: Cell): number | undefined {
  if (typeof cell === 'bigint') return ofNumber(Number(cell));
  if (typeof cell === 'number') return ofNumber(cell);
  if (typeof cell !== 'string') return undefined;
  return ofIso(cell) ?? (/^\d{9,16}(\.\d+)?$/.test(cell) ? ofNumber(Number(cell)) : ofHttp(cell));
}

/** The stamp of an instant of ours. */
export function stampOfDate(date: Date): number {
  return date.getTime() * 1000;
}

/** Seconds reach the year 5138 with eleven digits, milliseconds begin there in 1973. */
function ofNumber(value: number): number | undefined {
  if (!Number.isFinite(value)) return undefined;
  const size = Math.abs(value);
  if (size < 1e11) return Math.round(value * 1e6);
  if (size < 1e14) return Math.round(value * 1e3);
  return size < 8e15 ? Math.round(value) : undefined;
}

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/;

function ofIso(text: string): number | undefined {
  const found = iso.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', zone = 'Z'] = found;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), +hour, +minute, +second);
  const date = new Date(ms);
  const isCalendar = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day);
  if (!isCalendar || +hour > 23 || +minute > 59 || +second > 59) return undefined;
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'));
  return (ms - zoneMs(zone)) * 1000 + micros;
}

function zoneMs(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -ms : ms;
}

/** `Mon, 15 Jan 2024 10:30:00 GMT`. */
function ofHttp(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms * 1000;
}

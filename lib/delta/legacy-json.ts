// Rows as the JSON objects that HerdLinx's clients read. It cannot hold all that SQLite can, so a client that wants the rows
// exactly asks for lines instead (serving-lines.ts).
import { type Cell, isBrokenText } from './cell.ts';
import { affinityOf, contentKey, type TableShape } from './shape.ts';
import { isoText } from './since.ts';

/**
 * A row as one JSON object on one line. A whole number has all of its digits, a REAL a point; times are ISO with a T; bytes
 * are Base64; what JSON has no number for is null; text that is not UTF-8 has U+FFFD in its place.
 */
export function legacyRow({ columns }: TableShape, cells: readonly Cell[]): string {
  const entries = columns.flatMap(({ name, declared }, index) => {
    if (name === contentKey) return [];
    const cell = cells[index] ?? null;
    return `${JSON.stringify(name)}:${legacyCell(cell, isTime(declared))}`;
  });
  return `{${entries.join(',')}}`;
}

/** The key of a row that is gone: its one value, or an object of its columns. */
export function legacyKey({ key }: TableShape, cells: readonly Cell[]): string {
  const [only = null] = cells;
  if (key.length === 1) return legacyCell(only, false);
  const entries = key.map(
    (name, index) => `${JSON.stringify(name)}:${legacyCell(cells[index] ?? null, false)}`,
  );
  return `{${entries.join(',')}}`;
}

function legacyCell(cell: Cell, isTimeColumn: boolean): string {
  if (cell === null) return 'null';
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number') return realText(cell);
  if (typeof cell === 'string') return JSON.stringify(isTimeColumn ? isoText(cell) : cell);
  if (isBrokenText(cell)) return JSON.stringify(Buffer.from(cell.text).toString('utf8'));
  return JSON.stringify(Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('base64'));
}

function realText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  const text = JSON.stringify(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function isTime(declared: string): boolean {
  return affinityOf(declared) === 'NUMERIC' && /TIME|DATE/i.test(declared);
}

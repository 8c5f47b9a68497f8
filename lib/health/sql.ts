// Whether a query of the owner returns what it has to: exactly, and of the same type.
import { groupThousands } from '../base/format.ts';
import { clip, printable } from '../base/printable.ts';
import type { Severity } from '../base/verdict.ts';
import type { Check } from './check.ts';

/** A value as SQLite has it: an INTEGER as bigint, a REAL as number. PostgreSQL's boolean is 1 or 0. */
export type SqlValue = bigint | number | string | Uint8Array | null;

/** What is expected of one value; a whole number fits an INTEGER and a REAL alike, and true and false are 1 and 0. */
export type Expected = number | string | boolean;

export interface Expectation {
  readonly query: string;
  /** The first column of the first row, or all rows. */
  readonly expect: Expected | readonly (readonly Expected[])[] | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly severity: Severity;
}

export interface SqlFacts {
  readonly rows: readonly (readonly SqlValue[])[];
  readonly expectation: Expectation;
}

export const sqlCheck: Check<SqlFacts> = {
  name: 'sql',
  question: 'Do the queries of the owner return what they have to?',
  unit: '',
  limits: {},
  worse: 'none',
  causedBy: ['database', 'postgres-connections', 'mounts'],
  judge({ rows, expectation }) {
    const value = numberOf(rows[0]?.[0]);
    const wrong = difference(rows, expectation);
    return {
      verdict: wrong === undefined ? 'ok' : expectation.severity,
      message: wrong ?? `it returns ${shownResult(rows)}, as it has to`,
      hint: 'the query stands in the configuration: see what changed in these rows, and what a backup has of them: restore list',
      ...(value === undefined ? {} : { value }),
    };
  },
};

function difference(rows: SqlFacts['rows'], { expect, min, max }: Expectation): string | undefined {
  if (Array.isArray(expect)) return rowsDifference(rows, expect as readonly (readonly Expected[])[]);
  const found = rows[0]?.[0];
  if (found === undefined) return 'it returns no row';
  if (expect !== undefined && !isSame(found, expect as Expected))
    return `it returns ${shown(found)} instead of ${shownExpected(expect as Expected)}`;
  if (min === undefined && max === undefined) return undefined;
  if (typeof found !== 'bigint' && typeof found !== 'number')
    return `it returns ${shown(found)}, and a number has to stand there`;
  if (min !== undefined && found < min)
    return `it returns ${shown(found)}, and has to be ${shownNumber(min)} at least`;
  if (max !== undefined && found > max)
    return `it returns ${shown(found)}, and has to be ${shownNumber(max)} at most`;
  return undefined;
}

function rowsDifference(
  rows: SqlFacts['rows'],
  expected: readonly (readonly Expected[])[],
): string | undefined {
  for (const [index, row] of expected.entries()) {
    const found = rows[index];
    if (found === undefined)
      return `it returns ${countRows(rows.length)} instead of ${countRows(expected.length)}: ${shownExpectedRow(row)} is missing`;
    const isEqual =
      found.length === row.length && row.every((value, column) => isSame(found[column] ?? null, value));
    if (!isEqual) return `row ${index + 1} is ${shownRow(found)} instead of ${shownExpectedRow(row)}`;
  }
  const more = rows[expected.length];
  if (more === undefined) return undefined;
  return `it returns ${countRows(rows.length)} instead of ${countRows(expected.length)}: ${shownRow(more)} is too much`;
}

/** Numbers are compared as numbers, exactly; a text is never a number. */
function isSame(found: SqlValue, expected: Expected): boolean {
  if (typeof expected === 'string') return found === expected;
  if (typeof found !== 'bigint' && typeof found !== 'number') return false;
  // eslint-disable-next-line eqeqeq -- a bigint and a number are compared by value, without rounding
  return found == Number(expected);
}

function numberOf(value: SqlValue | undefined): number | undefined {
  if (typeof value !== 'bigint' && typeof value !== 'number') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : undefined;
}

function shownResult(rows: SqlFacts['rows']): string {
  const [first] = rows;
  if (first === undefined) return 'no row';
  return rows.length === 1 && first.length === 1 ? shown(first[0] ?? null) : countRows(rows.length);
}

function countRows(count: number): string {
  return count === 0 ? 'no row' : count === 1 ? '1 row' : `${groupThousands(count)} rows`;
}

const charactersMax = 40;
const columnsMax = 8;

function shown(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'bigint') return shownNumber(value);
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value);
  if (typeof value === 'string') return printable(JSON.stringify(clip(value, charactersMax)));
  return `${groupThousands(value.length)} bytes`;
}

function shownExpected(value: Expected): string {
  return typeof value === 'string' ? shown(value) : shownNumber(Number(value));
}

function shownNumber(value: number | bigint): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? groupThousands(value as number) : text;
}

function shownRow(row: readonly SqlValue[]): string {
  return listed(row.map(shown));
}

function shownExpectedRow(row: readonly Expected[]): string {
  return listed(row.map(shownExpected));
}

function listed(cells: readonly string[]): string {
  const shownCells = cells.slice(0, columnsMax);
  return `(${[...shownCells, ...(cells.length > columnsMax ? ['…'] : [])].join(', ')})`;
}

// Values of SQLite on their way into a column of PostgreSQL and back: exactly the same, or said to be unfit.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowHashText } from '../../../../lib/delta/canonical.ts';
import type { Cell } from '../../../../lib/delta/cell.ts';
import { type ColumnKind, decode, encode, kindOf, Unfit } from '../../../../lib/replica/postgres/column.ts';
import { quote } from '../../../../lib/postgres/names.ts';
import { arrayOf, unfitName } from '../../../../lib/replica/postgres/sql.ts';

const kinds: readonly ColumnKind[] = ['integer', 'real', 'text', 'bytes', 'number', 'scalar', 'any'];

test.each<[declared: string, kind: ColumnKind]>([
  ['INTEGER', 'integer'],
  ['BIGINT', 'integer'],
  ['VARCHAR(10)', 'text'],
  ['BLOB', 'bytes'],
  ['blob sub', 'bytes'],
  ['', 'any'],
  ['ANY', 'any'],
  ['DOUBLE', 'real'],
  ['DATE', 'scalar'],
  ['TIMESTAMP', 'scalar'],
  ['TIME', 'scalar'],
  ['STRING', 'scalar'],
  ['BOOLEAN', 'number'],
  ['DECIMAL(10,2)', 'number'],
  ['numeric', 'number'],
])('a column that is declared %j is %s', (declared, kind) => {
  expect(kindOf(declared)).toBe(kind);
});

const cells = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0.1 + 0.2, Infinity, -Infinity, -0, 1e300, 5e-324, 1e-7, 2 ** 53, 1e21),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('1', '-1.5', '1e5', '1.0', 'Infinity', 'a\0b', '\ud800', 'null', '', '2026-11-28'),
  fc.uint8Array(),
  fc.constant({ text: Buffer.from([0xff, 0x41]) }),
);

describe.each(kinds)('a column of kind %s', (kind) => {
  test('gives back exactly what it took', () => {
    fc.assert(
      fc.property(cells, (cell: Cell) => {
        const value = encode(cell, kind);
        if (value instanceof Unfit) return;
        const back = decode(value, kind);
        expect(rowHashText([back])).toBe(rowHashText([cell]));
        if (typeof cell === 'string' && cell.isWellFormed()) expect(back).toBe(cell);
      }),
      { numRuns: 500 },
    );
  });
});

test.each<[cell: Cell, kind: ColumnKind]>([
  ['x', 'integer'],
  [1.5, 'integer'],
  [1n, 'text'],
  ['a\0b', 'text'],
  ['a\0b', 'scalar'],
  [{ text: Buffer.from([0xff]) }, 'text'],
  ['17', 'scalar'],
  ['x', 'bytes'],
  [1n, 'real'],
  ['x', 'number'],
  [Buffer.from('x'), 'scalar'],
])('%o in a column of kind %s is unfit', (cell, kind) => {
  expect(encode(cell, kind)).toBeInstanceOf(Unfit);
});

test('a name is quoted whatever is in it, and refused where PostgreSQL would cut it or has it', () => {
  expect(quote('a"b; drop')).toBe('"a""b; drop"');
  expect(unfitName('ä'.repeat(31), 'table')).toBeUndefined();
  expect(unfitName('ä'.repeat(32), 'table')).toContain('more than the 63 bytes');
  expect(unfitName('ctid', 'column')).toContain('of its own');
  expect(unfitName('ctid', 'table')).toBeUndefined();
});

test('an array holds what looks like something else', () => {
  expect(arrayOf(['a"b\\c', null, 'NULL', '', '-1.5', '{x,y}'])).toBe(
    String.raw`{"a\"b\\c",NULL,"NULL","",-1.5,"{x,y}"}`,
  );
});

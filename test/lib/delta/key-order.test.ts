// Keys in the order of SQLite, and as they are kept.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cell, isBrokenText } from '../../../lib/delta/cell.ts';
import { formatHeldRow, formatKey, parseHeldRow, parseKey } from '../../../lib/delta/held-payload.ts';
import { compareKeys } from '../../../lib/delta/key-order.ts';
import { openInMemory } from '../../../lib/sqlite/open.ts';

const cell: fc.Arbitrary<Cell> = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -3n, max: 3n }),
  fc.double({ noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.string({ unit: 'binary', maxLength: 4 }).filter((text) => text.isWellFormed()),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom({ text: Buffer.from('ff', 'hex') }, { text: Buffer.from('61eda080', 'hex') }),
);
const key = fc.tuple(cell, cell);

test('two keys stand as they stand in SQLite', () => {
  const database = openInMemory();
  fc.assert(
    fc.property(key, key, (one, other) => {
      database.exec('DROP TABLE IF EXISTS t; CREATE TABLE t (place, a, b)');
      for (const [place, cells] of [one, other].entries()) {
        const marks = cells.map((part) => (isBrokenText(part) ? 'CAST(? AS TEXT)' : '?'));
        const values = cells.map((part) => (isBrokenText(part) ? part.text : part));
        database.prepare(`INSERT INTO t VALUES (?, ${marks.join(', ')})`).run(BigInt(place), ...values);
      }
      const order = compareKeys(one, other);
      expect(Math.sign(compareKeys(other, one))).toBe(-Math.sign(order) + 0);
      const count = 'SELECT count(*) FROM (SELECT DISTINCT a, b FROM t)';
      expect(database.prepare(count).pluck().get()).toBe(order === 0 ? 1 : 2);
      if (order === 0) return;
      const first = database.prepare('SELECT place FROM t ORDER BY a, b LIMIT 1').pluck().get();
      expect(first).toBe(order < 0 ? 0 : 1);
    }),
    { numRuns: 500 },
  );
});

test('a row is read as it was written, and a key as one that SQLite takes for it', () => {
  fc.assert(
    fc.property(fc.array(cell), (cells) => {
      const read = parseKey(formatKey(cells));
      expect(compareKeys(read, cells)).toBe(0);
      expect(formatKey(read)).toBe(formatKey(cells));
      const exact = cells.map((part) => (part === 0 ? 0 : part));
      const columns = exact.map((_, index) => `c${index}`);
      expect(parseHeldRow(formatHeldRow({ columns, cells: exact }))).toStrictEqual({ columns, cells: exact });
    }),
  );
});

test('keys have one text exactly where SQLite takes them for one', () => {
  const near = [
    0,
    -0,
    0n,
    1,
    1n,
    1.5,
    2 ** 53,
    2n ** 53n,
    2n ** 53n + 1n,
    2 ** 63,
    -(2 ** 63),
    -(2n ** 63n),
    '1',
    null,
  ];
  const part = fc.oneof(cell, fc.constantFrom<Cell>(...near));
  fc.assert(
    fc.property(part, part, (one, other) => {
      expect(formatKey([one]) === formatKey([other])).toBe(compareKeys([one], [other]) === 0);
    }),
    { numRuns: 2000 },
  );
});

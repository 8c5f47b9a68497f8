// What the owner's queries have to return: exactly, and of the same type.
import { expect, test } from 'vitest';
import { type Expectation, type Expected, sqlCheck, type SqlValue } from '../../../lib/health/sql.ts';
import { judged } from './judged.ts';

const nothing = {
  query: 'SELECT 1',
  expect: undefined,
  min: undefined,
  max: undefined,
  severity: 'critical',
} as const;

function verdict(rows: SqlValue[][], expectation: Partial<Expectation>) {
  return judged(sqlCheck, { rows, expectation: { ...nothing, ...expectation } });
}

test.each<[found: SqlValue, expected: Expected, isSame: boolean]>([
  [5n, 5, true],
  [5, 5, true],
  [5.5, 5.5, true],
  [5n, 5.5, false],
  ['5', 5, false],
  [5n, '5', false],
  ['', '', true],
  ['a', 'a ', false],
  ['Ä', 'ä', false],
  [1n, true, true],
  [0n, false, true],
  [2n, true, false],
  ['true', true, false],
  [null, 0, false],
  [null, '', false],
  [null, false, false],
  [new Uint8Array([53]), '5', false],
  [9_007_199_254_740_993n, 9_007_199_254_740_992, false],
  [-3n, -3, true],
])('%o is %o: %s', (found, expected, isSame) => {
  expect(verdict([[found]], { expect: expected }).verdict).toBe(isSame ? 'ok' : 'critical');
  expect(verdict([[found]], { expect: [[expected]] }).verdict).toBe(isSame ? 'ok' : 'critical');
});

test.each<[rows: SqlValue[][], expectation: Partial<Expectation>, message: string]>([
  [[], { expect: 5 }, 'it returns no row'],
  [[], { min: 5 }, 'it returns no row'],
  [[[221_244n]], { expect: 221_245 }, 'it returns 221,244 instead of 221,245'],
  [[['a\u001b[2J']], { expect: 'b' }, 'it returns "a\\u001b[2J" instead of "b"'],
  [[[null]], { expect: 'b' }, 'it returns NULL instead of "b"'],
  [[[new Uint8Array(12)]], { expect: 'b' }, 'it returns 12 bytes instead of "b"'],
  [[[4n]], { min: 5 }, 'it returns 4, and has to be 5 at least'],
  [[[7.5]], { min: 5, max: 7 }, 'it returns 7.5, and has to be 7 at most'],
  [[['6']], { min: 5, max: 7 }, 'it returns "6", and a number has to stand there'],
  [[[null]], { max: 7 }, 'it returns NULL, and a number has to stand there'],
  [[[1n]], { expect: [] }, 'it returns 1 row instead of no row: (1) is too much'],
  [[['21', 5n]], { expect: [['21', 6]] }, 'row 1 is ("21", 5) instead of ("21", 6)'],
  [[['21', 5n]], { expect: [['21']] }, 'row 1 is ("21", 5) instead of ("21")'],
  [[['21']], { expect: [['21', 5]] }, 'row 1 is ("21") instead of ("21", 5)'],
  [
    [['21', 5n]],
    {
      expect: [
        ['21', 5],
        ['22', 6],
      ],
    },
    'it returns 1 row instead of 2 rows: ("22", 6) is missing',
  ],
])('%o beside %o', (rows, expectation, message) => {
  expect(verdict(rows, expectation)).toMatchObject({ verdict: 'critical', message });
  expect(verdict(rows, { ...expectation, severity: 'warning' })).toMatchObject({
    verdict: 'warning',
    message,
  });
});

test.each<[rows: SqlValue[][], expectation: Partial<Expectation>, message: string]>([
  [[[5n, 'more'], [6n]], { expect: 5 }, 'it returns 2 rows, as it has to'],
  [[[5n]], { expect: 5 }, 'it returns 5, as it has to'],
  [[[5n]], { min: 5, max: 5 }, 'it returns 5, as it has to'],
  [[], { expect: [] }, 'it returns no row, as it has to'],
  [
    [
      ['21', 5n],
      ['22', 6n],
    ],
    {
      expect: [
        ['21', 5],
        ['22', 6],
      ],
    },
    'it returns 2 rows, as it has to',
  ],
])('%o is what %o wants', (rows, expectation, message) =>
  expect(verdict(rows, expectation)).toMatchObject({ verdict: 'ok', message }),
);

test('what a database holds is shortened, wherever it is shown', () => {
  const { message } = verdict([['x'.repeat(100_000), ...Array<bigint>(500).fill(1n)]], { expect: [['y']] });
  expect(message.length).toBeLessThan(200);
});

// Two databases, compared: case by case for what SQLite allows.
import { expect, test } from 'vitest';
import type { RowsDiff } from '../../../lib/source/database-diff.ts';
import { type Build, compare } from './diff-pair.ts';
import { renameInSchema } from './odd-databases.ts';

/** The same table with other rows, and what of it is said: `+` added, `-` removed, `~` changed. */
const cases: [what: string, sql: string, then: string, now: string, says: string][] = [
  [
    'whole numbers and real ones',
    '(k INTEGER PRIMARY KEY, v)',
    '(1, 1), (2, 2.0)',
    '(1, 1.0), (2, 2.0)',
    '~1',
  ],
  ['numbers and texts', '(k INTEGER PRIMARY KEY, v)', "(1, 1), (2, '2')", "(1, '1'), (2, '2')", '~1'],
  ['texts and bytes', '(k INTEGER PRIMARY KEY, v)', "(1, 'a')", "(1, X'61')", '~1'],
  [
    'texts that differ behind a NUL',
    '(k INTEGER PRIMARY KEY, v TEXT)',
    "(1, CAST(X'610062' AS TEXT))",
    "(1, CAST(X'610063' AS TEXT))",
    '~1',
  ],
  [
    'texts that are no UTF-8',
    '(k INTEGER PRIMARY KEY, v TEXT)',
    "(1, CAST(X'FF' AS TEXT))",
    "(1, CAST(X'FE' AS TEXT))",
    '~1',
  ],
  [
    'numbers beyond 2^53',
    '(k INTEGER PRIMARY KEY, v INTEGER)',
    '(9007199254740993, 1), (1, 9007199254740993)',
    '(9007199254740992, 1), (1, 9007199254740992)',
    '+9007199254740992 -9007199254740993 ~1',
  ],
  ['nothing and something', '(k INTEGER PRIMARY KEY, v)', '(1, NULL), (2, 0)', "(1, 0), (2, '')", '~1 ~2'],
  [
    'case, where the column has none',
    '(k INTEGER PRIMARY KEY, v COLLATE NOCASE)',
    "(1, 'a'), (2, 'b')",
    "(1, 'A'), (2, 'b')",
    '~1',
  ],
  [
    'case of a key that has none',
    '(k TEXT PRIMARY KEY COLLATE NOCASE, v)',
    "('a', 1), ('b', 2)",
    "('b', 2), ('A', 1)",
    "~'a'",
  ],
  [
    'a key of any kind',
    '(k PRIMARY KEY, v)',
    "(1, 0), ('1', 0), (X'31', 0), (1.5, 0)",
    "('1', 0), (1.5, 1), (X'32', 0)",
    "+X'32' -1 -X'31' ~1.5",
  ],
  ['rows that have other numbers', '(k TEXT PRIMARY KEY, v)', "('a', 1), ('b', 2)", "('b', 2), ('a', 1)", ''],
  [
    'a key that another row has now',
    '(k TEXT PRIMARY KEY, v)',
    "('a', 1), ('b', 2)",
    "('b', 1), ('c', 2)",
    "+'c' -'a' ~'b'",
  ],
  ['a quoted key', '("a ""key""" TEXT PRIMARY KEY, v)', "('it''s', 1)", "('it''s', 2)", "~'it''s'"],
  [
    'a long key',
    '(k TEXT PRIMARY KEY, v)',
    `('${'x'.repeat(99)}', 1)`,
    "('y', 1)",
    `+'y' -'${'x'.repeat(60)}'…`,
  ],
  [
    'a key of two',
    '(a, b, v, PRIMARY KEY (b, a)) WITHOUT ROWID',
    "(1, 'x', 0), (2, 'x', 0)",
    "(1, 'x', 1), (2, 'y', 0)",
    "+('y', 2) -('x', 2) ~('x', 1)",
  ],
];
test.each(cases)('tells apart %s', (_, sql, then, now, says) => {
  const make = (rows: string) => `CREATE TABLE t ${sql}; INSERT INTO t VALUES ${rows}`;
  const found = compare(make(then), make(now)) as RowsDiff;
  const { added, removed, changed } = found.keys;
  const signs = [
    ['+', added],
    ['-', removed],
    ['~', changed],
  ] as const;
  expect(signs.flatMap(([sign, keys]) => keys.map((key) => sign + key)).join(' ')).toBe(says);
  expect([found.added, found.removed, found.changed]).toEqual(
    [added, removed, changed].map(({ length }) => length),
  );
});

/** Rows that nothing names: how many are more on one side. */
const unnamed: [what: string, sql: string, then: string, now: string, counts: [number, number]][] = [
  ['the same twice', '(a, b)', '(1, 2), (1, 2), (3, 4)', '(3, 4), (1, 2)', [0, 1]],
  ['in another order', '(a, b)', '(1, 2), (3, 4), (5, 6)', '(5, 6), (1, 2), (3, 4)', [0, 0]],
  ['a number of another kind', '(a)', '(7), (1)', '(1.0), (7)', [1, 1]],
  ['another case', '(a COLLATE NOCASE)', "('x'), ('a')", "('A'), ('x')", [1, 1]],
  [
    'NULL as a key, twice',
    '(k TEXT PRIMARY KEY, v)',
    "('a', 0), (NULL, 1), (NULL, 1)",
    "(NULL, 1), (NULL, 2), ('a', 0)",
    [1, 1],
  ],
];
test.each(unnamed)('counts rows without a key: %s', (_, sql, then, now, [added, removed]) => {
  const make = (rows: string) => `CREATE TABLE t ${sql}; INSERT INTO t VALUES ${rows}`;
  expect(compare(make(then), make(now))).toMatchObject({ added, removed, changed: 0 });
});

const both = (sql: string, more: string): [string, string] => [sql, `${sql}; ${more}`];
const fortySomeRows = 'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c WHERE x < 40)';
const odd: Record<string, { pair: [Build | string, Build | string]; found: object }> = {
  "generated columns, which are not read: what they need may be the app's own": {
    pair: [generated('(1, 1), (2, 2)'), generated('(1, 1), (2, 3)')],
    found: { by: 'key', added: 0, removed: 0, changed: 1, notes: [] },
  },
  'a column that came': {
    pair: both(
      'CREATE TABLE t (k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1)',
      'ALTER TABLE t ADD COLUMN w DEFAULT 7',
    ),
    found: { added: 0, removed: 0, changed: 0, notes: ['rows are compared by the columns that both have'] },
  },
  'names in another case': {
    pair: [
      'CREATE TABLE T (K INTEGER PRIMARY KEY, V); INSERT INTO T VALUES (1, 1)',
      'CREATE TABLE t (k INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 2)',
    ],
    found: { by: 'key', changed: 1 },
  },
  'another key': {
    pair: [
      'CREATE TABLE t (a PRIMARY KEY, b); INSERT INTO t VALUES (1, 2)',
      'CREATE TABLE t (a, b PRIMARY KEY); INSERT INTO t VALUES (1, 2), (1, 3)',
    ],
    found: { by: 'row', added: 1, removed: 0 },
  },
  'a key of another type, which no index finds': {
    pair: [
      "CREATE TABLE t (a TEXT PRIMARY KEY); INSERT INTO t VALUES ('1')",
      'CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1)',
    ],
    found: { by: 'row', added: 1, removed: 1 },
  },
  'no column that both have': {
    pair: ['CREATE TABLE t (a)', 'CREATE TABLE t (b)'],
    found: { problem: expect.stringContaining('no column in common') },
  },
  'more columns than SQLite takes in a row of conditions': {
    pair: both(
      `CREATE TABLE t (k INTEGER PRIMARY KEY, ${Array.from({ length: 1500 }, (_, index) => `c${index}`).join()}); INSERT INTO t (k) VALUES (1), (2)`,
      'UPDATE t SET c1499 = 1 WHERE k = 2',
    ),
    found: { by: 'key', changed: 1, keys: { added: [], removed: [], changed: ['2'] } },
  },
  'text in UTF-16 on both sides': {
    pair: both(
      "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT); INSERT INTO t VALUES ('ä', 'ö'), ('é', '🎉')",
      "UPDATE t SET v = 'Ö' WHERE k = 'ä'",
    ),
    found: { changed: 1, keys: { added: [], removed: [], changed: ["'ä'"] } },
  },
  'text in two encodings': {
    pair: ["PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (k)", 'CREATE TABLE t (k)'],
    found: { problem: 'text is kept as UTF-8 now, and as UTF-16le in the backup: rows are counted only' },
  },
  'a key in an order that only the app knows': {
    pair: [ofTheApp('(1)'), ofTheApp('(2)')],
    found: { by: 'row', added: 1, removed: 1 },
  },
  'all of it in an order that only the app knows': {
    pair: [ofTheApp('(1)', ' WITHOUT ROWID'), ofTheApp('(2)', ' WITHOUT ROWID')],
    found: { problem: expect.stringMatching(/^only the app can read it: no such collation sequence/) },
  },
  'more than is shown': {
    pair: both('CREATE TABLE t (k INTEGER PRIMARY KEY)', `${fortySomeRows} INSERT INTO t SELECT x FROM c`),
    found: { added: 40, keys: { added: ['1', '2', '3', '4', '5'], removed: [], changed: [] } },
  },
};

function generated(rows: string): Build {
  return (database) => {
    database.exec('CREATE TABLE t (k INTEGER PRIMARY KEY, v, twice AS (abs(v)), stored AS (v * 3) STORED)');
    database.exec(`INSERT INTO t VALUES ${rows}`);
    renameInSchema(database, 'abs(', 'own_function(');
  };
}

/** Its key is ordered by a collation that is known neither here nor there. */
function ofTheApp(rows: string, ending = ''): Build {
  return (database) => {
    database.exec(
      `CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY)${ending}; INSERT INTO t VALUES ${rows}`,
    );
    renameInSchema(database, 'NOCASE', 'unicode');
  };
}
test.each(Object.entries(odd))('%s', (_, { pair: [then, now], found }) => {
  expect(compare(then, now)).toMatchObject(found);
});

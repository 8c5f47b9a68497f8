// What is said when a database file is not what its manifest says.
import { describe, expect, test } from 'vitest';
import { differences } from '../../../lib/source/differences.ts';
import type { SqliteMeasured } from '../../../lib/source/sqlite-facts.ts';
import { exampleFacts } from '../backup/examples.ts';

const sameTables = exampleFacts().tables;

describe('a file and its manifest', () => {
  test.each<[string, Partial<SqliteMeasured>, string]>([
    ['its size', { sizeBytes: 512 }, 'the size in bytes is 512, the manifest says 4096000'],
    ['its page size', { pageSize: 512 }, 'the page size is 512, the manifest says 4096'],
    ['its page count', { pageCount: 1 }, 'the page count is 1, the manifest says 1000'],
    ['its user_version', { userVersion: -1 }, 'the user_version is -1, the manifest says 7'],
    ['its application_id', { applicationId: 5 }, 'the application_id is 5, the manifest says 0'],
    ['its schema', { schemaSha256: 'd'.repeat(64) }, 'the schema is not the one the manifest was made from'],
    [
      'its foreign keys',
      { foreignKeyViolations: 3 },
      'the number of foreign key violations is 3, the manifest says 0',
    ],
    [
      'the rows of a table',
      {
        tables: [
          { name: 'customers', rows: 40 },
          { name: 'orders', rows: 120 },
        ],
      },
      'table orders has 120 rows, the manifest says 135',
    ],
    [
      'the only row of a table',
      {
        tables: [
          { name: 'customers', rows: 1 },
          { name: 'orders', rows: 135 },
        ],
      },
      'table customers has 1 row, the manifest says 40',
    ],
    ['a table too few', { tables: [{ name: 'orders', rows: 135 }] }, 'table customers is missing'],
    [
      'a table too many',
      { tables: [...sameTables, { name: 'notes', rows: 0 }] },
      'table notes is not in the manifest',
    ],
  ])('differ in %s', (_, changes, sentence) => {
    expect(differences(exampleFacts(), exampleFacts(changes))).toEqual([sentence]);
  });

  test('agree when everything is the same, in whatever order the tables come', () => {
    expect(differences(exampleFacts(), exampleFacts())).toEqual([]);
    expect(differences(exampleFacts(), exampleFacts({ tables: sameTables.toReversed() }))).toEqual([]);
  });

  test('agree on free pages when only one side counted them, and differ when both did', () => {
    expect(differences(exampleFacts({ freePageCount: 3 }), exampleFacts())).toEqual([]);
    expect(differences(exampleFacts(), exampleFacts({ freePageCount: 3 }))).toEqual([]);
    expect(differences(exampleFacts({ freePageCount: 3 }), exampleFacts({ freePageCount: 0 }))).toEqual([
      'the free page count is 0, the manifest says 3',
    ]);
  });

  test('may have tables called as an object’s own properties are', () => {
    const odd = [
      { name: '__proto__', rows: 2 },
      { name: 'constructor', rows: 5 },
    ];
    expect(differences(exampleFacts({ tables: odd }), exampleFacts({ tables: odd }))).toEqual([]);
    expect(differences(exampleFacts({ tables: odd }), exampleFacts({ tables: [] }))).toEqual([
      'table __proto__ is missing',
      'table constructor is missing',
    ]);
  });

  test.each([
    ['two words', '"two words"'],
    ['', '""'],
    ['red\u001b[31m', '"red\\u001b[31m"'],
    ['Größe_2', 'Größe_2'],
    ['x'.repeat(99), `${'x'.repeat(59)}…`],
  ])('name the table %j so that it can be read', (name, shown) => {
    expect(differences(exampleFacts({ tables: [{ name, rows: 1 }] }), exampleFacts({ tables: [] }))).toEqual([
      `table ${shown} is missing`,
    ]);
  });

  test.each([
    [10, undefined],
    [11, 'and 1 more'],
    [250, 'and 240 more'],
  ])('with %i differences end with %s', (count, end) => {
    const tables = Array.from({ length: count }, (_, index) => ({ name: `t${index}`, rows: 1 }));
    const sentences = differences(exampleFacts({ tables }), exampleFacts({ tables: [] }));
    expect(sentences.slice(0, 10).every((sentence) => sentence.endsWith('is missing'))).toBe(true);
    expect(sentences[10]).toBe(end);
    expect(sentences.length).toBe(end === undefined ? 10 : 11);
  });
});

// When a backup looks as if its database had been emptied, and when it does not (invariant P3).
import { describe, expect, test } from 'vitest';
import { shrinkReasons } from '../../../lib/backup/suspicion.ts';
import type { MeasuredFacts } from '../../../lib/source/facts.ts';
import { exampleFacts } from './examples.ts';

type Rows = Record<string, number>;

function tables(rows: Rows): Partial<MeasuredFacts> {
  return { tables: Object.entries(rows).map(([name, count]) => ({ name, rows: count })) };
}

function pages(pageCount: number, freePageCount?: number): Partial<MeasuredFacts> {
  return {
    pageCount,
    sizeBytes: pageCount * 4096,
    ...(freePageCount === undefined ? {} : { freePageCount }),
  };
}

describe('the tables of a database', () => {
  test.each<[string, Rows, Rows, string[]]>([
    ['are as before', { a: 500, b: 3 }, { a: 500, b: 3 }, []],
    ['grew', { a: 500 }, { a: 900, b: 1 }, []],
    ['lost a little', { a: 500 }, { a: 251 }, []],
    ['lost exactly half', { a: 500 }, { a: 250 }, ['all tables together have 250 rows, down from 500']],
    ['lost half of an odd number', { a: 11 }, { a: 6 }, []],
    ['lost nearly all', { a: 1_802_331 }, { a: 1 }, ['all tables together have 1 row, down from 1,802,331']],
    ['moved rows from one to another', { a: 500, b: 0 }, { a: 1, b: 499 }, []],
    ['were too small to compare', { a: 9 }, { a: 0 }, []],
    [
      'were just large enough to compare',
      { a: 10 },
      { a: 5 },
      ['all tables together have 5 rows, down from 10'],
    ],
    ['were always empty', { a: 0 }, { a: 0 }, []],
    ['did not exist before', {}, { a: 3 }, []],
    [
      'lost a large one’s rows',
      { a: 100, b: 9000 },
      { a: 0, b: 9000 },
      ['table a is empty, it had 100 rows'],
    ],
    ['lost a small one’s rows', { a: 99, b: 9000 }, { a: 0, b: 9000 }, []],
    ['lost an empty one', { a: 0, b: 9 }, { b: 9 }, ['table a is gone, it had 0 rows']],
    [
      'are all gone',
      { a: 60, b: 1 },
      {},
      [
        'all tables together have 0 rows, down from 61',
        'table a is gone, it had 60 rows',
        'table b is gone, it had 1 row',
      ],
    ],
  ])('%s', (_, before, after, reasons) => {
    expect(shrinkReasons(exampleFacts(tables(before)), exampleFacts(tables(after)))).toEqual(reasons);
  });

  test('may be called as an object’s own properties are', () => {
    const odd = exampleFacts({ tables: [{ name: '__proto__', rows: 3 }] });
    expect(shrinkReasons(odd, odd)).toEqual([]);
    expect(shrinkReasons(odd, exampleFacts({ tables: [] }))).toEqual([
      'table __proto__ is gone, it had 3 rows',
    ]);
  });

  test('are named ten at most', () => {
    const before = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`t${index}`, 1]));
    const reasons = shrinkReasons(exampleFacts(tables(before)), exampleFacts(tables({})));
    expect(reasons[0]).toBe('all tables together have 0 rows, down from 30');
    expect(reasons.at(-1)).toBe('and 21 more');
    expect(reasons.length).toBe(11);
  });
});

describe('the bytes of a database', () => {
  test.each<[string, Partial<MeasuredFacts>, Partial<MeasuredFacts>, string[]]>([
    ['are as before', pages(1000), pages(1000), []],
    ['fell by a little less than half', pages(1000), pages(501), []],
    ['fell by half', pages(1000), pages(500), ['the database uses 2 MB, down from 4.1 MB']],
    ['were too few to compare', pages(255), pages(1), []],
    ['were just enough to compare', pages(256), pages(128), ['the database uses 524 kB, down from 1 MB']],
    ['fell because a VACUUM gave free pages back', pages(1000, 600), pages(400, 0), []],
    [
      'lie free after a mass deletion',
      pages(1000, 0),
      pages(1000, 900),
      ['the database uses 410 kB, down from 4.1 MB'],
    ],
    [
      'fell, with free pages counted once only',
      pages(1000),
      pages(400, 0),
      ['the database uses 1.6 MB, down from 4.1 MB'],
    ],
  ])('%s', (_, before, after, reasons) => {
    expect(shrinkReasons(exampleFacts(before), exampleFacts(after))).toEqual(reasons);
  });
});

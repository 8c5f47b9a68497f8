// When a backup looks as if its database had been emptied, and when it does not (invariant P3).
import { describe, expect, test } from 'vitest';
import { type GuardPolicy, usualGuard } from '../../../lib/backup/guard-policy.ts';
import { type Earlier, shrinkReasons, suspicions } from '../../../lib/backup/suspicion.ts';
import type { SqliteMeasured } from '../../../lib/source/sqlite-facts.ts';
import { exampleFacts } from './examples.ts';

type Rows = Record<string, number>;

function tables(rows: Rows): Partial<SqliteMeasured> {
  return { tables: Object.entries(rows).map(([name, count]) => ({ name, rows: count })) };
}

function pages(pageCount: number, freePageCount?: number): Partial<SqliteMeasured> {
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
    ['lost an empty one', { a: 0, b: 9 }, { b: 9 }, []],
    ['lost a queue', { job_queue: 900, b: 40 }, { b: 40 }, []],
    ['worked a queue off', { mailQueue: 900, b: 40 }, { mailQueue: 0, b: 40 }, []],
    ['worked an outbox off', { outbox: 900, b: 40 }, { outbox: 3, b: 40 }, []],
    ['lost their sessions', { django_session: 900, b: 40 }, { django_session: 0, b: 40 }, []],
    [
      'lost sessions of another kind',
      { training_sessions: 900, b: 9000 },
      { training_sessions: 0, b: 9000 },
      ['table training_sessions is empty, it had 900 rows'],
    ],
    [
      'lost temperatures',
      { temp: 900, b: 9000 },
      { temp: 0, b: 9000 },
      ['table temp is empty, it had 900 rows'],
    ],
    ['lost what a migration had left', { _alembic_tmp_users: 20, b: 40 }, { b: 40 }, []],
    ['lost statistics', { sqlite_stat1: 20, b: 40 }, { b: 40 }, []],
    ['lost a full-text index', { d_data: 9, d_idx: 7, d_docsize: 300, d_config: 1, b: 40 }, { b: 40 }, []],
    [
      'lost the content of a full-text index',
      { d_data: 9, d_idx: 7, d_docsize: 30, d_config: 1, d_content: 30, b: 400 },
      { b: 400 },
      ['table d_content is gone, it had 30 rows'],
    ],
    [
      'lost one that only looks like it',
      { d_data: 9, b: 40 },
      { b: 40 },
      ['table d_data is gone, it had 9 rows'],
    ],
    ['were renamed', { a: 500, b: 40 }, { z: 500, b: 40 }, []],
    ['were renamed, and written to', { a: 500, b: 40 }, { z: 512, b: 41 }, []],
    ['were split', { a: 500, b: 40 }, { a_old: 300, a_new: 200, b: 40 }, []],
    ['were split in three', { a: 500 }, { x: 300, y: 150, z: 50 }, []],
    ['were split off', { a: 500 }, { a: 0, archive: 500 }, []],
    ['were merged into another', { a: 500, b: 400 }, { b: 900 }, []],
    [
      'were not renamed, for the new one is larger',
      { a: 500, b: 900 },
      { z: 5000, b: 900 },
      ['table a is gone, it had 500 rows'],
    ],
    [
      'were not both renamed to one',
      { a: 500, b: 500, c: 900 },
      { z: 500, c: 900 },
      ['table b is gone, it had 500 rows'],
    ],
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
  test.each<[string, Partial<SqliteMeasured>, Partial<SqliteMeasured>, string[]]>([
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

describe('what is configured', () => {
  const policies: [string, Partial<GuardPolicy>, Rows, Rows, string[]][] = [
    ['a table that is ignored', { ignore: ['job*'] }, { jobs: 500, a: 40 }, { a: 40 }, []],
    ['a case that differs', { ignore: ['JOBS'] }, { jobs: 500, a: 40 }, { jobs: 0, a: 40 }, []],
    [
      'another one',
      { ignore: ['job'] },
      { jobs: 500, a: 900 },
      { a: 900 },
      ['table jobs is gone, it had 500 rows'],
    ],
    [
      'a table that is watched closely',
      { tables: { a: 10 } },
      { a: 50, b: 900 },
      { a: 45, b: 900 },
      ['table a has 45 rows, down from 50'],
    ],
    ['a loss within what is allowed', { tables: { a: 10 } }, { a: 50, b: 900 }, { a: 46, b: 900 }, []],
    [
      'a queue that is watched all the same',
      { tables: { queue: 50 } },
      { queue: 9, b: 90 },
      { queue: 0, b: 90 },
      ['table queue is empty, it had 9 rows'],
    ],
    ['a table that may be emptied', { tables: { 'a*': 100 } }, { ab: 500, b: 900 }, { ab: 1, b: 900 }, []],
    [
      'all together, more strictly',
      { lossPercent: 10 },
      { a: 100 },
      { a: 90 },
      ['all tables together have 90 rows, down from 100'],
    ],
    ['all together, less strictly', { lossPercent: 90 }, { a: 100 }, { a: 11 }, []],
  ];
  test.each(policies)('%s', (_, policy, before, after, reasons) => {
    const guard = { ...usualGuard, ...policy };
    expect(shrinkReasons(exampleFacts(tables(before)), exampleFacts(tables(after)), guard)).toEqual(reasons);
  });

  test('the bytes of a queue that was worked off are nothing', () => {
    const full = exampleFacts({ ...pages(1000, 0), ...tables({ queue: 5000, b: 40 }) });
    const empty = exampleFacts({ ...pages(100, 0), ...tables({ queue: 0, b: 41 }) });
    expect(shrinkReasons(full, empty)).toEqual([]);
    const bled = exampleFacts({ ...pages(100, 0), ...tables({ queue: 0, b: 39 }) });
    expect(shrinkReasons(full, bled)).toEqual(['the database uses 410 kB, down from 4.1 MB']);
  });
});

describe('the nights before', () => {
  function night(rows: Rows, more: Partial<Earlier> = {}): Earlier {
    return { facts: exampleFacts(tables(rows)), findings: [], accepted: [], isProven: true, ...more };
  }
  function subjects(earlier: Earlier[], rows: Rows, findings: string[] = []): string[] {
    return suspicions(earlier, { facts: exampleFacts(tables(rows)), findings }).map(({ subject }) => subject);
  }

  test('a slow loss is found by what there was before it', () => {
    const nights: Earlier[] = [];
    let rows = 1000;
    while (subjects(nights, { a: rows }).length === 0) {
      nights.unshift(night({ a: rows }));
      rows = Math.floor(rows * 0.9);
    }
    expect(rows).toBe(477);
    expect(subjects(nights.slice(0, 1), { a: rows })).toEqual([]);
  });

  test('what a migration moved stays moved, however the new table grows', () => {
    const nights = [night({ z: 505 }), night({ a: 500 })];
    expect(subjects(nights, { z: 5000 })).toEqual([]);
    expect(subjects(nights, { z: 0 })).toEqual(['rows', 'z']);
  });

  test('what fell and was taken for good then is not told again when it stands still', () => {
    const nights = [night({ a: 300 }), night({ a: 590 }), night({ a: 900 })];
    expect(subjects(nights, { a: 300 })).toEqual([]);
    expect(subjects(nights, { a: 299 })).toEqual(['rows']);
  });

  test('a suspect night does not become normal by another one like it', () => {
    const suspect = night({ a: 0 }, { isProven: false });
    expect(subjects([suspect, suspect, night({ a: 500 })], { a: 0 })).toEqual(['rows', 'a']);
  });

  test('what was accepted is what the next is compared with, of that subject alone', () => {
    const accepted = night({ a: 0, b: 500 }, { accepted: ['a', 'rows'], isProven: false });
    const nights = [accepted, night({ a: 5000, b: 500 })];
    expect(subjects(nights, { a: 0, b: 500 })).toEqual([]);
    expect(subjects(nights, { a: 0, b: 0 })).toEqual(['rows', 'b']);
    const other = night({ a: 0, b: 0 }, { accepted: ['a'], isProven: false });
    expect(subjects([other, ...nights], { a: 0, b: 0 })).toEqual(['rows', 'b']);
  });

  test('a finding of the check is told until it is accepted, and a new one all the same', () => {
    const [old, fresh] = ['CHECK constraint failed in a', 'NULL value in a.b'];
    const told = night({ a: 5 }, { findings: [old], isProven: false });
    expect(subjects([told, night({ a: 5 })], { a: 5 }, [old])).toEqual(['integrity']);
    const accepted = night({ a: 5 }, { findings: [old], accepted: ['integrity'] });
    expect(subjects([accepted], { a: 5 }, [old])).toEqual([]);
    expect(subjects([night({ a: 5 }, { findings: [old] }), accepted], { a: 5 }, [old, fresh])).toEqual([
      'integrity',
    ]);
  });

  test('nothing is gone where nobody can tell what there is', () => {
    expect(subjects([night({ a: 500 })], {}, ['this SQLite makes no sense of the schema'])).toEqual([
      'integrity',
    ]);
    expect(subjects([night({ a: 500 })], {})).toEqual(['rows', 'a']);
  });

  test('a first backup has nothing to be compared with, but its own findings', () => {
    expect(subjects([], { a: 0 }, ['NULL value in a.b'])).toEqual(['integrity']);
  });
});

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { checkIntegrity, checkStructure, checkTable } from '../../../lib/sqlite/integrity.ts';
import { damageIn, type Integrity } from '../../../lib/source/source.ts';
import { openImmutable } from '../../../lib/sqlite/open.ts';
import { scratch } from '../../support/scratch.ts';
import { query } from './databases.ts';
import { makeOdd, ordinary, renameInSchema, withTheAppOnly } from './odd-databases.ts';

function make(build: (database: Database.Database) => void): string {
  const path = join(scratch(), 'app.db');
  makeOdd(path, build);
  return path;
}

function check(path: string): Integrity {
  const database = openImmutable(path);
  try {
    return checkIntegrity(database);
  } finally {
    database.close();
  }
}

describe('a sound database is checked in full', () => {
  test.each(Object.entries(ordinary))('with %s', (_, { build }) => {
    expect(check(make(build))).toEqual({ check: 'full', problems: [], note: undefined });
  });
});

describe('a sound database of which the app has a part is checked as far as it goes', () => {
  test.each(Object.entries(withTheAppOnly))('with %s', (_, { build, partly }) => {
    const { check: how, problems, note } = check(make(build));
    expect({ how, problems }).toEqual({ how: partly.length === 0 ? 'full' : 'quick', problems: [] });
    if (partly.length === 0) expect(note).toBeUndefined();
    else
      expect(note).toMatch(new RegExp(`^not checked in full, for want of .+\\(.+\\): ${partly.join(', ')}$`));
  });
});

/** A table with an index, and beside it a table with one that only the app can read. */
function makeMixed(database: Database.Database): void {
  database.exec(`CREATE TABLE app (a TEXT); CREATE INDEX app_a ON app (a COLLATE NOCASE);
    CREATE TABLE own (a TEXT); CREATE INDEX own_a ON own (a)`);
  for (const table of ['app', 'own']) {
    const insert = database.prepare(`INSERT INTO ${table} VALUES (?)`);
    for (let i = 0; i < 200; i += 1) insert.run(`row ${String(i).padStart(40, '0')}`);
  }
  renameInSchema(database, 'NOCASE', 'german');
}

function overwrite(path: string, position: number, bytes: number[]): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from(bytes), 0, bytes.length, position);
  closeSync(file);
}

const pageStart = (path: string, name: string) =>
  4096 * (Number(query(path, `SELECT rootpage FROM sqlite_schema WHERE name = '${name}'`)[0]) - 1);

test('damage of a table that needs nothing of the app is found beside one that does', () => {
  const path = make(makeMixed);
  const position = readFileSync(path).lastIndexOf('row 0', pageStart(path, 'own_a') + 40_000);
  overwrite(path, position + 10, [0x58]); // one letter in the index, or in the table: they no longer agree
  const { check: how, problems, note } = check(path);
  expect(how).toBe('quick');
  expect(problems.join('\n')).toMatch(/row \d+ missing from index own_a/);
  expect(note).toMatch(/no such collation sequence: german\): app$/);
});

test.each(['app', 'app_a', 'own', 'own_a'])('a malformed page of %s is found without the app', (name) => {
  const path = make(makeMixed);
  overwrite(path, pageStart(path, name), [0xaa]);
  expect(check(path).problems.join('\n')).toMatch(/malformed|invalid page type|disk image/i);
});

test('a long list of problems is cut, and a heading is none', () => {
  const path = make((database) => {
    database.exec('CREATE TABLE t (a NOT NULL)');
    const insert = database.prepare('INSERT INTO t VALUES (?)');
    for (let i = 0; i < 100; i += 1) insert.run(i);
    renameInSchema(database, 'a NOT NULL', 'a TEXT NOT NULL');
    renameInSchema(database, ')', ') STRICT');
  });
  const { problems } = check(path);
  expect(problems).toHaveLength(20);
  expect(problems[0]).toMatch(/non-TEXT value in t\.a/);
});

describe('what is at odds in a whole database is no damage, and is named by its kind', () => {
  const cases: [string, (database: Database.Database) => void, string[]][] = [
    [
      'a NOT NULL that was added after its rows',
      (database) => {
        database.exec('CREATE TABLE t (a, b); INSERT INTO t (b) VALUES (1), (2), (3)');
        renameInSchema(database, '(a,', '(a NOT NULL,');
      },
      ['NULL value in t.a'],
    ],
    [
      'a UNIQUE that was added after its rows',
      (database) => {
        database.exec('CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1), (1), (2)');
        renameInSchema(database, 'CREATE INDEX', 'CREATE UNIQUE INDEX');
      },
      ['non-unique entry in index i'],
    ],
    [
      'a type that became strict',
      (database) => {
        database.exec("CREATE TABLE t (a INT); INSERT INTO t VALUES ('x')");
        renameInSchema(database, '(a INT)', '(a INT) STRICT');
      },
      ['non-INT value in t.a'],
    ],
    [
      'an expression in an index that changed',
      (database) => {
        database.exec("CREATE TABLE t (a); CREATE INDEX i ON t (a || 'x'); INSERT INTO t VALUES (1), (2)");
        renameInSchema(database, "|| 'x'", "|| 'y'");
      },
      ['rows missing from index i'],
    ],
    [
      'a generated column in an index that changed',
      (database) => {
        database.exec(
          'CREATE TABLE t (a, b AS (a + 1)); CREATE INDEX i ON t (b); INSERT INTO t (a) VALUES (1), (2)',
        );
        renameInSchema(database, 'a + 1', 'a + 7');
      },
      ['rows missing from index i'],
    ],
    [
      'a partial index that came to be of other rows',
      (database) => {
        database.exec(
          'CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1; INSERT INTO t VALUES (1), (2)',
        );
        renameInSchema(database, 'a > 1', 'a > 0');
      },
      ['rows missing from index i'],
    ],
    [
      'a full-text index that its app left behind',
      (database) => {
        database.exec(
          "CREATE VIRTUAL TABLE d USING fts5(a); INSERT INTO d VALUES ('one two'), ('two three')",
        );
        database.unsafeMode(true).exec("UPDATE d_content SET c0 = 'four' WHERE id = 1");
      },
      ['malformed inverted index for FTS5 table main.d'],
    ],
    [
      'a spatial index that misses a row',
      (database) => {
        database.exec(
          'CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 0, 1), (2, 3, 4)',
        );
        database.unsafeMode(true).exec('DELETE FROM r_rowid WHERE rowid = 1');
      },
      ['In RTree main.r:'],
    ],
    [
      'so much of one kind that it hides another',
      (database) => {
        database.exec('CREATE TABLE t (a); CREATE TABLE u (b)');
        for (const table of ['t', 'u'])
          for (let i = 0; i < 30; i += 1) database.exec(`INSERT INTO ${table} VALUES (NULL)`);
        renameInSchema(database, '(a)', '(a NOT NULL)');
        renameInSchema(database, '(b)', '(b NOT NULL)');
      },
      ['NULL value in t.a', 'NULL value in u.b'],
    ],
  ];
  test.each(cases)('%s', (_, build, findings) => {
    const found = check(make(build));
    expect([...(found.findings ?? [])].sort()).toEqual(findings);
    expect(found.problems.length).toBeGreaterThan(0);
    expect(damageIn(found)).toEqual([]);
  });

  test('but a plain index that disagrees with its table was damaged', () => {
    const path = make((database) => {
      database.exec('CREATE TABLE t (a); CREATE INDEX i ON t (a)');
      for (let i = 0; i < 9; i += 1) database.exec(`INSERT INTO t VALUES ('value ${i}')`);
    });
    overwrite(path, readFileSync(path).lastIndexOf('value 3'), [0x58]);
    expect(damageIn(check(path))).toEqual([expect.stringMatching(/missing from index i/)]);
  });

  test('and where a page is damaged beside it, all of it is', () => {
    const path = make((database) => {
      database.exec(
        'CREATE TABLE t (a); INSERT INTO t VALUES (NULL); CREATE TABLE u (a); INSERT INTO u VALUES (1)',
      );
      renameInSchema(database, 'TABLE t (a)', 'TABLE t (a NOT NULL)');
    });
    overwrite(path, pageStart(path, 'u') + 5, [0x00, 0x40]); // where the content of its cells begins
    const found = check(path);
    expect(found.problems).toContain('NULL value in t.a');
    expect(damageIn(found).length).toBeGreaterThan(1);
  });
});

test('more tables than a reader can take in are counted', () => {
  const path = make((database) => {
    for (let i = 0; i < 8; i += 1) database.exec(`CREATE TABLE t${i} (a COLLATE NOCASE UNIQUE)`);
    renameInSchema(database, 'NOCASE', 'german');
  });
  expect(check(path).note).toMatch(/: t0, t1, t2, t3, t4, and 3 more$/);
});

/** A text index, a unique one, a partial one, a table without rowid, and free pages. */
function makeManySided(database: Database.Database): void {
  database.exec(`CREATE TABLE own (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT CHECK (b < 1000), c UNIQUE);
    CREATE INDEX own_a ON own (a); CREATE INDEX own_b ON own (b) WHERE b > 50;
    CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID; CREATE INDEX pairs_b ON pairs (b);
    CREATE TABLE gone (a); INSERT INTO gone VALUES (zeroblob(9000))`);
  const own = database.prepare('INSERT INTO own (a, b, c) VALUES (?, ?, ?)');
  const pairs = database.prepare('INSERT INTO pairs VALUES (?, ?)');
  for (let i = 0; i < 300; i += 1) {
    own.run(`row ${(i * 7919) % 300}`, i, `${i}`.repeat(3));
    pairs.run((i * 31) % 300, i);
  }
  database.exec('DROP TABLE gone');
}

// What two readers do of a large file (check-by-two) must find all that the check in one finds.
test('structure and tables one by one are found sound exactly where the whole is', () => {
  const path = make(makeManySided);
  const whole = readFileSync(path);
  const isSound = (look: (database: Database.Database) => unknown[]) => {
    const database = openImmutable(path);
    try {
      return look(database).length === 0;
    } catch {
      return false; // too damaged to be looked at
    } finally {
      database.close();
    }
  };
  const tables = (database: Database.Database) =>
    database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  const counts = { sound: 0, damaged: 0 };
  for (let i = 0; i < 400; i += 1) {
    // Header and schema are left alone: there every way of looking fails alike.
    const position = 4096 + ((i * 104_729) % (whole.length - 4096));
    overwrite(path, position, [(whole[position] ?? 0) ^ (1 << (i % 8))]);
    const inOne = isSound((database) => checkIntegrity(database).problems);
    const inParts = isSound((database) => [
      ...(checkStructure(database) ?? ['unknown']),
      ...tables(database).flatMap((table) => checkTable(database, table) ?? ['unknown']),
    ]);
    expect({ position, isSound: inParts }).toEqual({ position, isSound: inOne });
    counts[inOne ? 'sound' : 'damaged'] += 1;
    overwrite(path, position, [whole[position] ?? 0]);
  }
  expect(counts.sound).toBeGreaterThan(20);
  expect(counts.damaged).toBeGreaterThan(20);
});

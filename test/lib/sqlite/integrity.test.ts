import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { checkIntegrity, checkStructure, checkTable } from '../../../lib/sqlite/integrity.ts';
import type { Integrity } from '../../../lib/source/source.ts';
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

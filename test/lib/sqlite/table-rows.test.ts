import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openImmutable } from '../../../lib/sqlite/open.ts';
import { countTables } from '../../../lib/sqlite/table-rows.ts';
import { scratch } from '../../support/scratch.ts';
import { makeOdd, ordinary, renameInSchema, withTheAppOnly } from './odd-databases.ts';

function count(build: (database: Database.Database) => void) {
  const path = join(scratch(), 'app.db');
  makeOdd(path, build);
  const database = openImmutable(path);
  try {
    return countTables(database);
  } finally {
    database.close();
  }
}

describe('every table is counted, once, by its own name', () => {
  test.each(Object.entries(ordinary))('in a database with %s', (_, { build, tables }) => {
    expect(count(build)).toEqual(tables.map(([name, rows]) => ({ name, rows })));
  });
});

describe('every table is counted without the app', () => {
  test.each(Object.entries(withTheAppOnly))('in a database with %s', (_, { build, rows }) => {
    const found = count(build).map(({ name, rows: number }): [string, number] => [name, number]);
    expect(Object.fromEntries(found)).toEqual(rows);
  });
});

test('a name that is no text does not stop the count', () => {
  const latin1 = "CAST(x'61E962' AS TEXT)"; // "aéb" in Latin-1: no UTF-8
  const found = count((database) => {
    database.exec('CREATE TABLE abc (a); INSERT INTO abc VALUES (1), (2), (3)');
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    database.exec(
      `UPDATE sqlite_schema SET name = ${latin1}, tbl_name = ${latin1}, sql = replace(sql, 'abc', ${latin1})`,
    );
  });
  expect(found.map(({ rows }) => rows)).toEqual([3]);
});

test('damage under the count is damage, not a table to be counted otherwise', () => {
  const path = join(scratch(), 'app.db');
  makeOdd(path, (database) => void database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)'));
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xaa, 4096, 4097)); // the kind of the table's only page
  const database = openImmutable(path);
  expect(() => countTables(database)).toThrow(expect.objectContaining({ code: 'SQLITE_CORRUPT' }));
  database.close();
});

test('what looks like WITHOUT ROWID inside a definition is not taken for it', () => {
  const build = (database: Database.Database) => {
    database.exec(`CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY, b DEFAULT 'without rowid')`);
    const insert = database.prepare('INSERT INTO t VALUES (?, zeroblob(900))');
    for (let i = 0; i < 50; i += 1) insert.run(`row ${i}`);
    renameInSchema(database, 'NOCASE', 'german');
  };
  expect(count(build)).toEqual([{ name: 't', rows: 50 }]);
});

test.each([
  [
    'that are no text and are read as one',
    ['61FF', '61FE'],
    ['a\uFFFD (bytes 61FE)', 'a\uFFFD (bytes 61FF)'],
  ],
  [
    'of which one is the text that the other is read as',
    ['61FF', '61EFBFBD'],
    ['a\uFFFD (bytes 61EFBFBD)', 'a\uFFFD (bytes 61FF)'],
  ],
])('two names %s are two tables, each with its own rows', (_, names, called) => {
  const found = count((database) => {
    database.exec('CREATE TABLE n0 (a); INSERT INTO n0 VALUES (1)');
    database.exec('CREATE TABLE n1 (a); INSERT INTO n1 VALUES (1), (2)');
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    for (const [index, hex] of names.entries()) {
      const text = `CAST(x'${hex}' AS TEXT)`;
      database.exec(
        `UPDATE sqlite_schema SET name = ${text}, tbl_name = ${text}, sql = 'CREATE TABLE "' || ${text} || '" (a)'
          WHERE name = 'n${index}'`,
      );
    }
  });
  const rows = new Map(names.map((hex, index) => [`a\uFFFD (bytes ${hex})`, index + 1]));
  expect(found).toHaveLength(2);
  expect(found).toEqual(expect.arrayContaining(called.map((name) => ({ name, rows: rows.get(name) }))));
});

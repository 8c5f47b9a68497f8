import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { countForeignKeyViolations } from '../../../lib/sqlite/foreign-keys.ts';
import { openImmutable } from '../../../lib/sqlite/open.ts';
import { scratch } from '../../support/scratch.ts';
import { makeOdd, ordinary, renameInSchema } from './odd-databases.ts';

function count(build: (database: Database.Database) => void): number {
  const path = join(scratch(), 'app.db');
  makeOdd(path, build);
  const database = openImmutable(path);
  try {
    return countForeignKeyViolations(database);
  } finally {
    database.close();
  }
}

const child = 'CREATE TABLE c (a REFERENCES p (a)); INSERT INTO c VALUES (1), (2), (NULL)';

test.each([
  ['that keep all of them', `CREATE TABLE p (a PRIMARY KEY); ${child}; INSERT INTO p VALUES (1), (2)`, 0],
  ['of which one has no parent', `CREATE TABLE p (a PRIMARY KEY); ${child}; INSERT INTO p VALUES (1)`, 1],
  ['whose parents are no table', child, 2],
  ['whose parent is not unique', `CREATE TABLE p (a); ${child}; INSERT INTO p VALUES (1), (2)`, 1],
  [
    'some of which cannot be matched and others are broken',
    `CREATE TABLE p (a); ${child}; CREATE TABLE q (a UNIQUE); CREATE TABLE d (a REFERENCES q (a)); INSERT INTO d VALUES (7), (8)`,
    3,
  ],
])('in rows %s', (_, sql, violations) => {
  expect(count((database) => void database.exec(sql))).toBe(violations);
});

test('in tables with odd names', () => {
  const { build } = ordinary['names that are words of SQL, of JavaScript, or hardly names'] ?? {};
  expect(build && count(build)).toBe(0);
});

test('a key that only the app can look up counts none, and the others are counted', () => {
  const violations = count((database) => {
    database.exec(`CREATE TABLE p (a TEXT COLLATE NOCASE PRIMARY KEY); ${child};
      CREATE TABLE q (a UNIQUE); CREATE TABLE d (a REFERENCES q (a)); INSERT INTO d VALUES (7)`);
    renameInSchema(database, 'NOCASE', 'german');
  });
  expect(violations).toBe(1);
});

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLocal } from '../../../lib/sqlite/local.ts';
import { scratch } from '../../support/scratch.ts';
import { startLockstep } from './lockstep.ts';

test('a database of our own is made, written with named parameters and read again', () => {
  const database = openLocal(join(scratch(), 'ops.db'));
  database.exec('CREATE TABLE run (id TEXT, seconds INTEGER)');
  database.run('INSERT INTO run VALUES (:id, :seconds)', { id: 'a', seconds: 3 });
  expect(database.all('SELECT * FROM run WHERE seconds > :min', { min: 2 })).toEqual([
    { id: 'a', seconds: 3 },
  ]);
  expect(database.all('SELECT * FROM run WHERE id = :id', { id: 'b' })).toEqual([]);
  database.close();
});

test('a transaction holds the write lock from its beginning, and is undone by an error', async () => {
  const path = join(scratch(), 'ops.db');
  const database = openLocal(path);
  database.exec('CREATE TABLE run (id TEXT)');
  const other = await startLockstep();
  other.open(path);
  expect(() =>
    database.transaction(() => {
      expect(other.exec("INSERT INTO run VALUES ('other')")).toBe('SQLITE_BUSY');
      database.run("INSERT INTO run VALUES ('ours')", {});
      throw new Error('after all not');
    }),
  ).toThrow('after all not');
  expect(database.all('SELECT * FROM run')).toEqual([]);
  expect(database.transaction(() => 7)).toBe(7);
  database.close();
});

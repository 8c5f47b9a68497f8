import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openImmutable, openLive, openOwn, quoteIdentifier } from '../../../lib/sqlite/open.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';

const count = 'SELECT count(*) FROM ledger';

// SQLite takes file names for URIs here, and better-sqlite3 trims them.
test.each([
  'a b.db',
  'app.db ',
  'app.db\n',
  '100%.db',
  'a%20b.db',
  'what?.db',
  'a#b.db',
  'ä🎉.db',
  "it's.db",
  'a&b=c;.db',
])('a database called %j is opened in every way, and no other file is made', (name) => {
  const folder = join(scratch(), 'mode=ro?#%');
  mkdirSync(folder);
  makeLedger(join(folder, 'plain.db'), { journalMode: 'wal' });
  const path = join(folder, name);
  writeFileSync(path, readFileSync(join(folder, 'plain.db')));
  for (const open of [openImmutable, openLive, openOwn]) {
    const database = open(path);
    expect(database.prepare(count).pluck().get()).toBe(10);
    database.close();
  }
  expect(
    readdirSync(folder)
      .filter((file) => !/-(wal|shm)$/.test(file))
      .sort(),
  ).toEqual([name, 'plain.db'].sort());
});

test.each([
  ['for reading', openLive],
  ['as immutable', openImmutable],
  ['as our own', openOwn],
])('a file that is missing is not made when it is opened %s', (_, open) => {
  const folder = scratch();
  for (const path of [join(folder, 'none.db'), join(folder, 'no/directory/none.db')]) {
    expect(() => open(path)).toThrow(expect.objectContaining({ kind: 'missing' }));
  }
  expect(readdirSync(folder)).toEqual([]);
});

test('a file of our own is made where that is asked for', () => {
  const path = join(scratch(), 'ops.db');
  const database = openOwn(path, { create: true });
  database.exec('CREATE TABLE run (id)');
  database.close();
  expect(readFileSync(path).length).toBeGreaterThan(0);
});

test('a file that cannot be read is closed again', () => {
  const path = join(scratch(), 'app.db');
  writeFileSync(path, Buffer.alloc(8192, 7));
  for (const open of [openLive, openImmutable])
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'SQLITE_NOTADB' }));
  expect(openFiles()).not.toContain(path);
});

test('an immutable database is read without locks and side files, whatever its journal mode', () => {
  const folder = scratch();
  makeLedger(join(folder, 'app.db'), { journalMode: 'wal' });
  const database = openImmutable(join(folder, 'app.db'));
  expect(database.prepare(count).pluck().get()).toBe(10);
  expect(readdirSync(folder)).toEqual(['app.db']);
  database.close();
});

test('without leave to make it, the index of a log is not made', () => {
  const folder = scratch();
  makeLedger(join(folder, 'app.db'), { journalMode: 'wal' });
  expect(() => openLive(join(folder, 'app.db'), { makeIndex: false })).toThrow(
    expect.objectContaining({ code: 'SQLITE_CANTOPEN' }),
  );
  expect(readdirSync(folder)).not.toContain('app.db-shm');
});

test('an identifier is quoted whatever is in it', () => {
  expect(quoteIdentifier('booking')).toBe('"booking"');
  expect(quoteIdentifier('a"b')).toBe('"a""b"');
  expect(quoteIdentifier('"; DROP TABLE x; --')).toBe('"""; DROP TABLE x; --"');
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the directory that is just being read
    }
  });
}

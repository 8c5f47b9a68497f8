import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { makeCrashedSet, readRows, rowsOf } from '../../support/database-sets.ts';
import { scratch } from '../../support/scratch.ts';

/** What SQLite writes at the end of a journal whose transaction is one of several databases. */
function trailer(name: string, { checksum = 0 } = {}): Buffer {
  const bytes = Buffer.from(name);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(bytes.length, 0);
  numbers.writeUInt32BE(
    bytes.reduce((sum, byte) => sum + byte, checksum),
    4,
  );
  return Buffer.concat([Buffer.alloc(4), bytes, numbers, Buffer.from('d9d505f920a163d7', 'hex')]);
}

/** A crashed set whose journal names `<directory>/x-mj0123459ab`, or `name` there. */
async function crashedSet(name = 'x-mj0123459ab', options = {}): Promise<{ path: string; named: string }> {
  const path = join(scratch(), 'app.db');
  await makeCrashedSet(path, 'journal');
  const named = join(dirname(path), name);
  appendFileSync(`${path}-journal`, trailer(named, options));
  return { path, named };
}

const there: [string, (named: string, path: string) => void][] = [
  ['a pipe', (named) => void execFileSync('mkfifo', [named])],
  ['a file', (named, path) => writeFileSync(named, `${path}-journal\0`)],
];

test.each(there)('a journal that names %s is rolled back, and what it names stays', async (_, make) => {
  const { path, named } = await crashedSet();
  make(named, path);
  expect(await mergeSet(path)).toBe(true);
  expect(await readRows(path)).toEqual(rowsOf('old', 100));
  expect(readdirSync(dirname(path)).sort()).toEqual(['app.db', 'x-mj0123459ab']);
});

test.each([
  ['what is gone', undefined, {}, undefined],
  ['an empty file', undefined, {}, ''],
  ['what is no super-journal by its name', 'passwd', {}, 'x'],
  ['something with a wrong checksum', undefined, { checksum: 1 }, 'x'],
])('a journal that names %s becomes what SQLite makes of it', async (_, name, options, content) => {
  const { path, named } = await crashedSet(name, options);
  if (content !== undefined) writeFileSync(named, content);
  const other = join(scratch(), 'app.db');
  for (const suffix of ['', '-journal']) copyFileSync(path + suffix, other + suffix);
  const database = new Database(other);
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
  database.close();
  expect(await mergeSet(path)).toBe(true);
  expect(readFileSync(path).equals(readFileSync(other))).toBe(true);
  expect(existsSync(named)).toBe(content !== undefined);
});

// The journal mode: read from the header, set in it, and kept over a restore.
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { journalModeOf, keepJournalMode, setJournalMode } from '../../../lib/sqlite/journal-mode.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger, query } from './databases.ts';

/** What SQLite says of a copy, so that nothing comes to lie beside the file itself. */
function modeIn(path: string): unknown {
  const copy = join(scratch(), 'app.db');
  copyFileSync(path, copy);
  return query(copy, 'PRAGMA journal_mode')[0];
}

test.each(['wal', 'delete'] as const)('the header of a database in mode %s says so', async (journalMode) => {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode });
  expect(await journalModeOf(path)).toBe(journalMode);
});

test.each([
  ['is not there', () => undefined],
  ['is empty', (path: string) => writeFileSync(path, '')],
  ['is no database', (path: string) => writeFileSync(path, Buffer.alloc(4096, 'damaged'))],
  ['is shorter than a header', (path: string) => writeFileSync(path, 'SQLite format 3\0\x10\0')],
])('a file that %s has no journal mode', async (_, make) => {
  const path = join(scratch(), 'app.db');
  make(path);
  expect(await journalModeOf(path)).toBeUndefined();
});

test('a directory is no file to read a journal mode from', async () => {
  const path = scratch();
  await expect(journalModeOf(path)).rejects.toMatchObject({ name: 'OpsError' });
});

test('the journal mode of a file is set in its header, and nothing is left beside it', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  for (const mode of ['wal', 'wal', 'delete', 'delete'] as const) {
    await setJournalMode(path, mode);
    expect(modeIn(path)).toBe(mode);
    expect(readdirSync(dirname(path))).toEqual(['app.db']);
  }
  expect(query(path, 'SELECT count(*) FROM ledger')).toEqual([10]);
});

test('the journal mode of a file that is no database cannot be set', async () => {
  const path = join(scratch(), 'app.db');
  await expect(setJournalMode(path, 'wal')).rejects.toMatchObject({ kind: 'missing' });
  writeFileSync(path, Buffer.alloc(4096, 'damaged'));
  await expect(setJournalMode(path, 'wal')).rejects.toMatchObject({ kind: 'damaged' });
  expect(readdirSync(dirname(path))).toEqual(['app.db']);
});

test.each([
  ['wal', 'delete'],
  ['delete', 'wal'],
  ['wal', 'wal'],
] as const)('a restored file becomes %s as the one in place, and was %s', async (now, then) => {
  const [target, staged] = [join(scratch(), 'app.db'), join(scratch(), 'staged.db')];
  makeLedger(target, { journalMode: now });
  makeLedger(staged, { journalMode: then });
  await keepJournalMode(target, staged);
  expect(modeIn(staged)).toBe(now);
  expect(readdirSync(dirname(staged))).toEqual(['staged.db']);
});

test('what is missing or damaged has no journal mode to keep', async () => {
  const [target, staged] = [join(scratch(), 'app.db'), join(scratch(), 'staged.db')];
  makeLedger(staged, { journalMode: 'wal' });
  await keepJournalMode(target, staged);
  writeFileSync(target, 'damaged');
  await keepJournalMode(target, staged);
  expect(modeIn(staged)).toBe('wal');
});

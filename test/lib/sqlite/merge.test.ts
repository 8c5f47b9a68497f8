import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { makeCrashedSet, readRows, rowsOf } from '../../support/database-sets.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger, query } from './databases.ts';
import { startLockstep } from './lockstep.ts';

/** Copies a set that a process may have open right now: what a power cut would leave of it. */
function copyOf(path: string): string {
  const copy = join(scratch(), 'app.db');
  for (const suffix of ['', '-wal', '-journal']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  }
  return copy;
}

const namesBeside = (path: string) => readdirSync(dirname(path)).sort();

describe('a set becomes one file that holds', () => {
  test('what was committed in the log', async () => {
    const path = join(scratch(), 'app.db');
    await makeCrashedSet(path, 'wal');
    expect(await mergeSet(path)).toBe(true);
    expect(namesBeside(path)).toEqual(['app.db']);
    expect(await readRows(path)).toEqual(rowsOf('old', 600));
  });

  test('what was there before a transaction that a hot journal rolls back', async () => {
    const path = join(scratch(), 'app.db');
    await makeCrashedSet(path, 'journal');
    expect(await mergeSet(path)).toBe(true);
    expect(namesBeside(path)).toEqual(['app.db']);
    expect(await readRows(path)).toEqual(rowsOf('old', 100));
  });

  test('nothing of a transaction that had not committed, however much of it is in the log', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { journalMode: 'wal', rows: 50 });
    const app = await startLockstep();
    app.open(path);
    app.exec("PRAGMA cache_size = 2; UPDATE ledger SET note = 'committed'");
    const committed = statSync(`${path}-wal`).size;
    app.exec("BEGIN; UPDATE ledger SET note = 'not yet', ballast = randomblob(4000)");
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(committed + 100_000);
    const copy = copyOf(path);
    expect(await mergeSet(copy)).toBe(true);
    expect(query(copy, 'SELECT DISTINCT note FROM ledger')).toEqual(['committed']);
    expect(query(copy, 'PRAGMA integrity_check')).toEqual(['ok']);
  });

  test('every commit that lies whole in a log which is cut off anywhere', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { journalMode: 'wal' });
    const app = await startLockstep();
    app.open(path);
    const ends: number[] = [];
    for (let commit = 1; commit <= 5; commit += 1) {
      app.exec(`UPDATE ledger SET note = ${commit}`);
      ends.push(statSync(`${path}-wal`).size);
    }
    const noteAfterCut = async (length: number) => {
      const copy = copyOf(path);
      truncateSync(`${copy}-wal`, length);
      expect(await mergeSet(copy)).toBe(true);
      return query(copy, 'SELECT DISTINCT note FROM ledger')[0];
    };
    for (const [index, end] of ends.entries()) {
      const before = index === 0 ? 'first' : String(index);
      expect([await noteAfterCut(end - 1), await noteAfterCut(end)]).toEqual([before, String(index + 1)]);
    }
    expect(await noteAfterCut(32)).toBe('first');
  });

  test('what it held, where there was nothing to merge', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path);
    const before = readFileSync(path);
    writeFileSync(`${path}-journal`, ''); // as journal_mode=TRUNCATE leaves it
    writeFileSync(`${path}-wal`, '');
    expect(await mergeSet(path)).toBe(true);
    expect(namesBeside(path)).toEqual(['app.db']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('a set that is too damaged', () => {
  test.each<[string, (path: string) => void | Promise<void>]>([
    ['because its file is something else', (path) => writeFileSync(path, Buffer.alloc(4096, 'damaged'))],
    ['because its file was cut in half', (path) => truncateSync(path, 700)],
    [
      'because its schema is malformed',
      (path) => writeFileSync(path, readFileSync(path).fill(0xaa, 100, 101)),
    ],
    // SQLite deletes the log of an empty file unread, with every row that was committed in it.
    ['because its file lost all of its bytes', (path) => truncateSync(path, 0)],
  ])('%s is not merged', async (_, spoil) => {
    const path = join(scratch(), 'app.db');
    await makeCrashedSet(path, 'wal');
    writeFileSync(`${path}-wal`, readFileSync(`${path}-wal`).subarray(0, 32)); // nothing in it makes up for the damage
    await spoil(path);
    expect(await mergeSet(path)).toBe(false);
  });

  test('and whose committed rows are in the log only keeps that log', async () => {
    const path = join(scratch(), 'app.db');
    await makeCrashedSet(path, 'wal');
    truncateSync(path, 0);
    const log = readFileSync(`${path}-wal`);
    expect(await mergeSet(path)).toBe(false);
    expect(readFileSync(`${path}-wal`).equals(log)).toBe(true);
  });
});

test('a set that is not there is missing, and no empty one is made in its place', async () => {
  const path = join(scratch(), 'app.db');
  await expect(mergeSet(path)).rejects.toMatchObject({ kind: 'missing' });
  expect(namesBeside(path)).toEqual([]);
});

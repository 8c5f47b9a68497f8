// A look into a live database: what it has, that it is damaged, and that nobody feels it.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { surveyDatabase } from '../../../lib/sqlite/survey.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';

const survey = async (path: string, timeLimitMs = 60_000) =>
  surveyDatabase(await requireSource(path), { timeLimitMs });

function ledger(journalMode: 'wal' | 'delete'): string {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode, rows: 40 });
  return path;
}

test.each(['wal', 'delete'] as const)(
  'counts a closed database in mode %s, and makes nothing',
  async (mode) => {
    const path = ledger(mode);
    expect(await survey(path)).toEqual({
      tables: [{ name: 'ledger', rows: 40 }],
      problems: [],
      note: undefined,
    });
    expect(readdirSync(dirname(path))).toEqual(['app.db']);
  },
);

test.each(['wal', 'delete'] as const)('counts what an app in mode %s has just written', async (mode) => {
  const path = ledger(mode);
  const app = new Database(path);
  app.exec("INSERT INTO ledger (note) VALUES ('newest')");
  const names = readdirSync(dirname(path));
  expect((await survey(path)).tables).toEqual([{ name: 'ledger', rows: 41 }]);
  expect(readdirSync(dirname(path))).toEqual(names);
  app.close();
});

test('does not count where it would have to make an index of a log', async () => {
  const path = ledger('wal');
  const app = new Database(path);
  app.exec("INSERT INTO ledger (note) VALUES ('newest')");
  const [main, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
  app.close();
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, log);
  rmSync(`${path}-shm`, { force: true });
  expect(await survey(path)).toMatchObject({ tables: undefined, note: expect.stringMatching(/not counted/) });
  expect(readdirSync(dirname(path)).sort()).toEqual(['app.db', 'app.db-wal']);
});

test.each(['wal', 'delete'] as const)('says that a database in mode %s is damaged', async (mode) => {
  const path = ledger(mode);
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 3 * 4096, 6 * 4096);
  writeFileSync(path, bytes);
  expect((await survey(path)).problems).not.toEqual([]);
});

test('says that a database that was cut is damaged', async () => {
  const path = ledger('delete');
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length / 2));
  expect((await survey(path)).problems).not.toEqual([]);
});

test('says of a database that is larger than its time that it was not looked at', async () => {
  const path = ledger('delete');
  expect(await survey(path, 1)).toMatchObject({ tables: undefined, note: expect.stringMatching(/1 ms/) });
});

test('ends with the reason of a stop', async () => {
  const stop = new AbortController();
  const looking = surveyDatabase(await requireSource(ledger('delete')), {
    timeLimitMs: 60_000,
    signal: stop.signal,
  });
  stop.abort(new Error('told to stop'));
  await expect(looking).rejects.toThrow('told to stop');
});

import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { nullHistory, openHistory } from '../../../lib/history/history.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { historyWorld, minutes, runStart } from '../../support/history-world.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

test('the file is one that Datasette reads from a read-only mount, with strict tables', () => {
  const { path, rows } = historyWorld();
  expect(rows('PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }]);
  expect(rows('PRAGMA user_version')).toEqual([{ user_version: 6 }]);
  expect(
    rows(
      "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%' ORDER BY name",
    ),
  ).toEqual([
    { name: 'backups', strict: 1 },
    { name: 'batches', strict: 1 },
    { name: 'check_changes', strict: 1 },
    { name: 'checks', strict: 1 },
    { name: 'deliveries', strict: 1 },
    { name: 'drills', strict: 1 },
    { name: 'incidents', strict: 1 },
    { name: 'looks', strict: 1 },
    { name: 'measurements', strict: 1 },
    { name: 'notes', strict: 1 },
    { name: 'replica_held', strict: 1 },
    { name: 'replica_sources', strict: 1 },
    { name: 'replicas', strict: 1 },
    { name: 'runs', strict: 1 },
  ]);
  expect(existsSync(`${path}-wal`)).toBe(false);
});

test('what was remembered is there when the history is opened again', () => {
  const first = historyWorld();
  first.history.begin(runStart('a'));
  first.history.close();
  first.history.close();
  expect(historyWorld(first.path).history.recentRuns(undefined, 10)).toHaveLength(1);
  expect(first.warnings()).toEqual([]);
});

test('two processes write the same history', () => {
  const first = historyWorld();
  const second = historyWorld(first.path);
  first.history.begin(runStart('a'));
  second.history.begin(runStart('b'));
  expect(first.history.recentRuns(undefined, 10)).toHaveLength(2);
});

test('a history of a newer Holdfast is left as it is', () => {
  const path = join(scratch(), 'ops.db');
  const newer = new Database(path);
  newer.exec('PRAGMA journal_mode = WAL; CREATE TABLE runs (anything); PRAGMA user_version = 7');
  newer.close();
  const before = readFileSync(path);
  const { history, warnings, log } = historyWorld(path);
  history.begin(runStart('a'));
  history.finish('a', { outcome: 'done', exitCode: 0 });
  history.close();
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(warnings()).toEqual(['history is not written: a newer Holdfast has made it']);
  expect(log.lines[0]?.fields).toEqual({ version: 7, ours: 6 });
  expect(history).toBe(nullHistory);
});

test('a file that is no database is set aside, and a new history begins', () => {
  const path = join(scratch(), 'ops.db');
  writeFileSync(path, 'this is no database '.repeat(100));
  const { history, warnings } = historyWorld(path);
  history.begin(runStart('a'));
  expect(history.recentRuns(undefined, 10)).toHaveLength(1);
  expect(readFileSync(`${path}.damaged`, 'utf8')).toContain('this is no database');
  expect(warnings()).toEqual(['the history is damaged: it is set aside, and a new one begins']);
});

test('a history cut short by a power cut is set aside', () => {
  const first = historyWorld();
  first.history.begin(runStart('a'));
  first.history.close();
  truncateSync(first.path, 4096);
  const second = historyWorld(first.path);
  second.history.begin(runStart('b'));
  expect(second.history.recentRuns(undefined, 10).map(({ id }) => id)).toEqual(['b']);
  expect(existsSync(`${first.path}.damaged`)).toBe(true);
});

test('a history whose first page is overwritten is set aside', () => {
  const first = historyWorld();
  first.history.begin(runStart('a'));
  first.history.close();
  const bytes = readFileSync(first.path);
  writeFileSync(first.path, bytes.fill(0xff, 100, 4096));
  const { history } = historyWorld(first.path);
  history.begin(runStart('b'));
  expect(history.recentRuns(undefined, 10).map(({ id }) => id)).toEqual(['b']);
});

test('damage is recognised also where the error was wrapped', () => {
  const path = join(scratch(), 'ops.db');
  let calls = 0;
  const { history, warnings } = historyWorld(path, () => {
    calls += 1;
    const database = openHistoryDatabase(path);
    if (calls > 1) return database;
    database.close();
    const cause = Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT_INDEX' });
    throw new OpsError('damaged', 'cannot open ops.db: it is damaged', { cause });
  });
  history.begin(runStart('a'));
  expect(calls).toBe(2);
  expect(warnings()).toEqual(['the history is damaged: it is set aside, and a new one begins']);
});

test('a history that is damaged again, or cannot be set aside, is done without', () => {
  const path = join(scratch(), 'ops.db');
  writeFileSync(path, 'this is no database '.repeat(100));
  const log = recordingLog();
  const quarantine = () => undefined;
  const options = { clock: minutes(), log, quarantine };
  expect(openHistory(() => openHistoryDatabase(path), options)).toBe(nullHistory);
  const failing = () => {
    throw new Error('read-only file system');
  };
  expect(openHistory(() => openHistoryDatabase(path), { ...options, quarantine: failing })).toBe(nullHistory);
  expect(log.lines.map(({ message }) => message)).toEqual([
    'the history is damaged: it is set aside, and a new one begins',
    'history could not be written: file is not a database',
    'the history is damaged: it is set aside, and a new one begins',
    'history could not be written: read-only file system',
  ]);
});

test('a history that cannot be opened is done without, and is not set aside', () => {
  const path = join(scratch(), 'nowhere', 'ops.db');
  const { history, warnings } = historyWorld(path);
  expect(history).toBe(nullHistory);
  expect(warnings()).toHaveLength(1);
  expect(warnings()[0]).toMatch(/^history could not be written: /);
});

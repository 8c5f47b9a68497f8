import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import type { HistoryDatabase } from '../../../lib/history/database.ts';
import { nullHistory, openHistory } from '../../../lib/history/history.ts';
import type { BackupRow } from '../../../lib/history/rows.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { openHistoryDatabase } from '../../support/history-database.ts';
import { historyWorld, runStart } from '../../support/history-world.ts';
import { scratch } from '../../support/scratch.ts';

const backup: BackupRow = {
  name: 'backups/ctv/ctv-20261120T020513Z.db',
  app: 'ctv',
  runId: 'a',
  takenAt: new Date('2026-11-20T02:05:13.000Z'),
  sizeBytes: 1_400_000_000,
  sha256: 'ab'.repeat(32),
  state: 'published',
  publishedAt: new Date('2026-11-20T02:09:00.000Z'),
  ...{ format: 'plain', storedBytes: 1_400_000_000, level: undefined, base: undefined },
};

test('a run is remembered from its beginning, and how it ended', () => {
  const { history, rows, warnings } = historyWorld();
  history.begin(runStart('a', { app: 'ctv' }));
  expect(history.recentRuns('ctv', 10)).toEqual([
    {
      ...runStart('a', { app: 'ctv' }),
      startedAt: new Date('2026-11-20T02:06:13.000Z'),
      endedAt: undefined,
      outcome: 'running',
      exitCode: undefined,
      message: undefined,
    },
  ]);
  history.finish('a', { outcome: 'failed', exitCode: 69, message: 'cannot reach the store: no answer' });
  expect(history.recentRuns(undefined, 10)).toMatchObject([
    {
      id: 'a',
      endedAt: new Date('2026-11-20T02:07:13.000Z'),
      outcome: 'failed',
      exitCode: 69,
      message: 'cannot reach the store: no answer',
    },
  ]);
  expect(rows('SELECT started_at, ended_at FROM runs')).toEqual([
    { started_at: '2026-11-20T02:06:13.000Z', ended_at: '2026-11-20T02:07:13.000Z' },
  ]);
  expect(warnings()).toEqual([]);
});

test('runs come newest first, as many as asked for, of one app or of all', () => {
  const { history } = historyWorld();
  history.begin(runStart('a', { app: 'ctv' }));
  history.begin(runStart('b'));
  history.begin(runStart('c', { app: 'ctv' }));
  history.begin(runStart('d', { app: 'tagtracker' }));
  const ids = (app: string | undefined, limit: number) => history.recentRuns(app, limit).map(({ id }) => id);
  expect(ids(undefined, 10)).toEqual(['d', 'c', 'b', 'a']);
  expect(ids(undefined, 2)).toEqual(['d', 'c']);
  expect(ids('ctv', 10)).toEqual(['c', 'a']);
  expect(ids('nobody', 10)).toEqual([]);
});

test('running runs of dead processes become interrupted and are returned once', () => {
  const { history, rows } = historyWorld();
  history.begin(runStart('dead', { pid: 4_000_001 }));
  history.begin(runStart('alive'));
  history.begin(runStart('ended', { pid: 4_000_001 }));
  history.finish('ended', { outcome: 'done', exitCode: 0 });
  const alive = ({ pid }: { pid: number }) => pid === process.pid;
  expect(history.markInterrupted(alive)).toMatchObject([{ id: 'dead', outcome: 'interrupted' }]);
  expect(history.markInterrupted(alive)).toEqual([]);
  expect(rows('SELECT id, outcome, ended_at IS NULL AS open FROM runs ORDER BY id')).toEqual([
    { id: 'alive', outcome: 'running', open: 1 },
    { id: 'dead', outcome: 'interrupted', open: 1 },
    { id: 'ended', outcome: 'done', open: 0 },
  ]);
});

test('whether a run lives is asked with everything that is known of its process', () => {
  const { history } = historyWorld();
  const asked: unknown[] = [];
  history.begin(runStart('a'));
  history.markInterrupted((identity) => asked.push(identity) > 0);
  expect(asked).toMatchObject([currentProcess()]);
});

test('a run that ends while it is looked for is not interrupted', () => {
  const { history } = historyWorld();
  history.begin(runStart('a'));
  const interrupted = history.markInterrupted(() => {
    history.finish('a', { outcome: 'done', exitCode: 0 });
    return false;
  });
  expect(interrupted).toEqual([]);
  expect(history.recentRuns(undefined, 1)).toMatchObject([{ outcome: 'done' }]);
});

test('a run that was taken for dead, and was not, ends as it did', () => {
  const { history } = historyWorld();
  history.begin(runStart('a'));
  history.markInterrupted(() => false);
  history.finish('a', { outcome: 'done', exitCode: 0 });
  expect(history.recentRuns(undefined, 1)).toMatchObject([{ outcome: 'done', exitCode: 0 }]);
});

test('a run that has ended is not ended again', () => {
  const { history } = historyWorld();
  history.begin(runStart('a'));
  history.finish('a', { outcome: 'done', exitCode: 0 });
  history.finish('a', { outcome: 'failed', exitCode: 70 });
  expect(history.recentRuns(undefined, 1)).toMatchObject([{ outcome: 'done', exitCode: 0 }]);
});

test('a backup that is recorded again replaces what was known of it', () => {
  const { history, rows } = historyWorld();
  history.recordBackup({ ...backup, state: 'uploaded', publishedAt: undefined });
  history.recordBackup({ ...backup, note: 'before the import' });
  history.recordBackup({ ...backup, app: 'other' });
  expect(rows('SELECT * FROM backups ORDER BY app')).toEqual([
    {
      app: 'ctv',
      name: backup.name,
      run_id: 'a',
      taken_at: '2026-11-20T02:05:13.000Z',
      size_bytes: 1_400_000_000,
      sha256: backup.sha256,
      state: 'published',
      published_at: '2026-11-20T02:09:00.000Z',
      ...{ format: 'plain', stored_bytes: 1_400_000_000, level: null, base: null, note: 'before the import' },
    },
    expect.objectContaining({ app: 'other' }),
  ]);
});

test('a backup that was removed says so, and what it was; one that the store could not be told of stays', () => {
  const { history, rows } = historyWorld();
  for (const state of ['proven', 'suspect', 'damaged', 'damaged-untold'])
    history.recordBackup({ ...backup, name: state, state });
  history.recordBackup({ ...backup, app: 'other', name: 'proven', state: 'proven' });
  for (const again of [1, 2])
    history.recordRemoved('ctv', ['proven', 'suspect', 'damaged', 'damaged-untold', `${again}`]);
  expect(rows('SELECT app, name, state FROM backups ORDER BY app, rowid')).toEqual([
    { app: 'ctv', name: 'proven', state: 'removed' },
    { app: 'ctv', name: 'suspect', state: 'removed-suspect' },
    { app: 'ctv', name: 'damaged', state: 'removed-damaged' },
    { app: 'ctv', name: 'damaged-untold', state: 'damaged-untold' },
    { app: 'other', name: 'proven', state: 'proven' },
  ]);
});

test('a backup in pages is remembered with what it takes and is based on, also when it is recorded again', () => {
  const { history } = historyWorld();
  const increment: BackupRow = {
    ...backup,
    name: 'backups/ctv/ctv-20261120T020513Z.pages',
    ...{ format: 'pages', storedBytes: 5_000, level: 2, base: 'backups/ctv/ctv-20261120T010513Z.pages' },
  };
  history.recordBackup({ ...backup, name: increment.name });
  history.recordBackup(increment);
  expect(history.backupsSince(new Date(0))).toEqual([increment]);
});

test('of a look only the newest is remembered, with how often there was one, and none that is dated after now', () => {
  const { history, rows, path } = historyWorld();
  const look = (name: string, app = 'ctv') => history.recordLook({ app, name, runId: `of ${name}` });
  look('one.pages'); // 02:06
  look('two.pages');
  look('one.pages'); // 02:08
  look('one.pages', 'other');
  expect(history.looksAt('ctv')).toEqual([
    { name: 'one.pages', at: new Date('2026-11-20T02:08:13.000Z') },
    { name: 'two.pages', at: new Date('2026-11-20T02:07:13.000Z') },
  ]);
  expect(rows(`SELECT name, run_id, looks FROM looks WHERE app = 'ctv' ORDER BY name`)).toEqual([
    { name: 'one.pages', run_id: 'of one.pages', looks: 2 },
    { name: 'two.pages', run_id: 'of two.pages', looks: 1 },
  ]);
  const behind = fixedClock('2026-11-20T02:07:30Z');
  const read = openHistory(() => openHistoryDatabase(path), {
    clock: behind,
    log: silentLog,
    quarantine() {},
  });
  expect(read.looksAt('ctv').map(({ name }) => name)).toEqual(['two.pages']);
  read.close();
});

test('the last drill is the newest one, passed or not', () => {
  const { history } = historyWorld();
  expect(history.lastDrill('ctv')).toBeUndefined();
  history.recordDrill({ runId: 'a', app: 'ctv', name: 'one', outcome: 'passed', detail: '12 tables' });
  history.recordDrill({ runId: 'b', app: 'ctv', name: 'two', outcome: 'failed', detail: 'rows differ' });
  history.recordDrill({ runId: 'c', app: 'other', name: 'three', outcome: 'passed', detail: '' });
  expect(history.lastDrill('ctv')).toEqual({
    runId: 'b',
    app: 'ctv',
    name: 'two',
    at: new Date('2026-11-20T02:07:13.000Z'),
    outcome: 'failed',
    detail: 'rows differ',
  });
});

test('proven backups come once each, the one proven last first', () => {
  const { history } = historyWorld();
  const drill = (name: string, outcome: 'passed' | 'failed') =>
    history.recordDrill({ runId: 'a', app: 'ctv', name, outcome, detail: '' });
  drill('one', 'passed');
  drill('two', 'passed');
  drill('one', 'passed');
  drill('three', 'failed');
  expect(history.passedDrills('ctv')).toEqual([
    { name: 'one', at: new Date('2026-11-20T02:08:13.000Z') },
    { name: 'two', at: new Date('2026-11-20T02:07:13.000Z') },
  ]);
  expect(history.passedDrills('other')).toEqual([]);
});

test('a database that fails while it is used costs one warning and nothing else', () => {
  const broken = (database: HistoryDatabase): HistoryDatabase => ({
    ...database,
    run() {
      throw new Error('disk I/O error');
    },
  });
  const path = join(scratch(), 'ops.db');
  const { history, warnings } = historyWorld(path, () => broken(openHistoryDatabase(path)));
  history.begin(runStart('a'));
  history.finish('a', { outcome: 'done', exitCode: 0 });
  history.recordBackup(backup);
  history.recordDrill({ runId: 'a', app: 'ctv', name: 'one', outcome: 'passed', detail: '' });
  expect(history.recentRuns(undefined, 10)).toEqual([]);
  expect(warnings()).toEqual(['history could not be written: disk I/O error']);
});

test('a database that cannot be read answers that nothing is known', () => {
  const path = join(scratch(), 'ops.db');
  const { history, warnings } = historyWorld(path);
  history.begin(runStart('a'));
  const other = new Database(path);
  other.exec('DROP TABLE runs; DROP TABLE drills');
  other.close();
  expect(history.recentRuns(undefined, 10)).toEqual([]);
  expect(history.lastDrill('ctv')).toBeUndefined();
  expect(history.passedDrills('ctv')).toEqual([]);
  expect(history.markInterrupted(() => false)).toEqual([]);
  expect(warnings()).toEqual(['history could not be read: no such table: runs']);
});

test('a closed history does nothing more than warn', () => {
  const { history, warnings } = historyWorld();
  history.close();
  history.begin(runStart('a'));
  expect(warnings()).toHaveLength(1);
});

test('a run that begins twice is remembered once, and its end is not overwritten', () => {
  const { history, warnings } = historyWorld();
  history.begin(runStart('a'));
  history.finish('a', { outcome: 'done', exitCode: 0 });
  history.begin(runStart('a', { job: 'restore' }));
  history.finish('a', { outcome: 'failed', exitCode: 70 });
  expect(history.recentRuns(undefined, 10)).toMatchObject([{ job: 'db-backup', outcome: 'done' }]);
  expect(warnings()).toEqual(['history could not be written: UNIQUE constraint failed: runs.id']);
});

test('the null history remembers nothing and complains about nothing', () => {
  nullHistory.begin(runStart('a'));
  nullHistory.finish('a', { outcome: 'done', exitCode: 0 });
  nullHistory.recordBackup(backup);
  nullHistory.recordLook({ runId: 'a', app: 'ctv', name: 'one' });
  expect(nullHistory.looksAt('ctv')).toEqual([]);
  nullHistory.recordDrill({ runId: 'a', app: 'ctv', name: 'one', outcome: 'passed', detail: '' });
  nullHistory.close();
  expect(nullHistory.recentRuns(undefined, 10)).toEqual([]);
  expect(nullHistory.passedDrills('ctv')).toEqual([]);
  expect(nullHistory.lastDrill('ctv')).toBeUndefined();
  expect(nullHistory.markInterrupted(() => false)).toEqual([]);
});

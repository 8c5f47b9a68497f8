// The undo sets: what is listed, what can be brought back, and what is left alone.
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import type { UndoSet, UsableUndoSet } from '../../../lib/placement/undo-list.ts';
import { listUndoSets, makeStaging, prepareUndo } from '../../support/by-path.ts';
import {
  inodesOf,
  makeCrashedSet,
  makeDatabase,
  readRows,
  rowsOf,
  spoilSet,
} from '../../support/database-sets.ts';
import { mergeSet } from '../../support/merge-set.ts';
import { placeOnce, undoOnce } from '../../support/placements.ts';
import { scratch } from '../../support/scratch.ts';

const context = {
  clock: { now: () => new Date('2026-11-20T02:05:13Z'), monotonicMs: () => 0 },
  log: silentLog,
};

/** A database whose -wal held 500 rows when a new one took its place. */
async function makeReplaced(): Promise<{ target: string; path: string }> {
  const directory = scratch();
  const target = join(directory, 'app.db');
  await makeCrashedSet(target, 'wal');
  makeDatabase(join(directory, 'new.db'), 'new', 50);
  const { undo } = await placeOnce(target, join(directory, 'new.db'), context);
  return { target, path: undo ?? '' };
}

async function onlySet(target: string): Promise<UndoSet> {
  const [set, ...others] = await listUndoSets(target);
  if (set === undefined || others.length > 0) throw new Error('there is not one undo set');
  return set;
}

async function usableSet(target: string): Promise<UsableUndoSet> {
  const set = await onlySet(target);
  if (!set.usable) throw new Error(set.problem);
  return set;
}

test('an undo set tells what it holds and what replaced it', async () => {
  const { target, path } = await makeReplaced();
  const set = await usableSet(target);
  expect(set).toMatchObject({
    path,
    name: 'app.db.undo-20261120T020513Z',
    changed: false,
    record: { app: 'ctv', target, replacedBy: 'backups/ctv/new.db', state: 'kept', usedAt: undefined },
  });
  expect(set.record.madeAt).toEqual(new Date('2026-11-20T02:05:13Z'));
  expect([...set.record.members.keys()]).toEqual(['', '-wal']);
  expect(set.sizeBytes).toBeGreaterThan(2560 + 20_000);
});

test('sets are listed newest first, those of one second by their number', async () => {
  const { target } = await makeReplaced();
  for (const name of ['20261120T020513Z-2', '20261120T020513Z-10', '20250101T000000Z', '20270101T000000Z']) {
    await mkdir(join(dirname(target), `app.db.undo-${name}`));
  }
  expect((await listUndoSets(target)).map(({ name }) => name.slice('app.db.undo-'.length))).toEqual([
    '20270101T000000Z',
    '20261120T020513Z-10',
    '20261120T020513Z-2',
    '20261120T020513Z',
    '20250101T000000Z',
  ]);
});

test('a database with a log is kept as copies: no second name of what an app may go on writing', async () => {
  const directory = scratch();
  const target = join(directory, 'app.db');
  await makeCrashedSet(target, 'wal');
  const before = await inodesOf(target);
  makeDatabase(join(directory, 'new.db'), 'new', 50);
  const { undo } = await placeOnce(target, join(directory, 'new.db'), context);
  const kept = await inodesOf(join(undo ?? '', 'app.db'));
  expect([...kept.keys()]).toEqual(['', '-wal']);
  expect([...kept.values()].filter((inode) => [...before.values()].includes(inode))).toEqual([]);
});

test('an undo set with a -wal becomes one whole file and stays as it was', async () => {
  const { target, path } = await makeReplaced();
  const before = await inodesOf(join(path, 'app.db'));
  const staging = await makeStaging(target);
  const prepared = await prepareUndo(target, await usableSet(target), staging, mergeSet);
  expect(prepared).toBe(staging.path);
  expect([...(await inodesOf(prepared)).keys()]).toEqual(['']);
  expect(await readRows(prepared)).toEqual(rowsOf('old', 600));
  expect(await inodesOf(join(path, 'app.db'))).toEqual(before);
  expect(await usableSet(target)).toMatchObject({ changed: false });
});

test('an undo keeps what it replaces, and can itself be undone', async () => {
  const { target } = await makeReplaced();
  await undoOnce(target, context);
  expect(await readRows(target)).toEqual(rowsOf('old', 600));
  const states = (await listUndoSets(target)).map((set) => set.usable && set.record.state);
  expect(states).toEqual(['kept', 'used']);
  await undoOnce(target, context);
  expect(await readRows(target)).toEqual(rowsOf('new', 50));
});

test('a set that cannot be recovered is not brought back', async () => {
  const { target, path } = await makeReplaced();
  await spoilSet(join(path, 'app.db'));
  const prepared = prepareUndo(target, await usableSet(target), await makeStaging(target), mergeSet);
  await expect(prepared).rejects.toMatchObject({
    kind: 'damaged',
    message: 'cannot bring back app.db.undo-20261120T020513Z: SQLite cannot recover the database in it',
  });
});

test('somebody who looks into a set changes it, and that is told', async () => {
  const { target, path } = await makeReplaced();
  const curious = new Database(join(path, 'app.db'));
  curious.pragma('schema_version');
  curious.close(); // moves the -wal into the database
  const set = await usableSet(target);
  expect(set.changed).toBe(true);
  const staging = await makeStaging(target);
  expect(await readRows(await prepareUndo(target, set, staging, mergeSet))).toEqual(rowsOf('old', 600));
});

test.each<[string, string, (path: string, target: string) => Promise<unknown>]>([
  ['without a record', 'it is not there', (path) => rm(join(path, 'undo.json'))],
  ['with half a record', 'cut short', (path) => writeFile(join(path, 'undo.json'), '{"format":')],
  [
    'of a newer Holdfast',
    'newer',
    (path) => writeFile(join(path, 'undo.json'), '{"format":"holdfast-undo-set","version":2}'),
  ],
  ['without its database', 'no database', (path) => rm(join(path, 'app.db'))],
  ['without its -wal', 'its -wal is missing', (path) => rm(join(path, 'app.db-wal'))],
  ['with a directory in it', 'not a regular file', (path) => mkdir(join(path, 'app.db-journal'))],
  [
    'that is the database in place',
    'in place',
    async (path, target) => {
      await rm(target);
      await link(join(path, 'app.db'), target);
    },
  ],
])('a set %s is listed as unusable and left alone', async (_, problem, spoil) => {
  const { target, path } = await makeReplaced();
  await spoil(path, target);
  const set = await onlySet(target);
  expect(set).toMatchObject({ usable: false, problem: expect.stringContaining(problem) as string });
  await placeOnce(target, join(dirname(target), 'new.db'), context);
  expect((await listUndoSets(target)).some((other) => other.path === path)).toBe(true);
});

test('the record has the promised format, version 1', async () => {
  const { target, path } = await makeReplaced();
  const record = JSON.parse(await readFile(join(path, 'undo.json'), 'utf8')) as object;
  expect(record).toMatchObject({
    format: 'holdfast-undo-set',
    version: 1,
    app: 'ctv',
    target,
    replaced_by: 'backups/ctv/new.db',
    made_at: '2026-11-20T02:05:13.000Z',
    state: 'kept',
    owner: process.getuid?.(),
    group: process.getgid?.(),
    mode: '0644',
  });
});

test('files of another database and stray files are no undo sets', async () => {
  const { target } = await makeReplaced();
  await mkdir(join(dirname(target), 'other.db.undo-20261120T020513Z'));
  await writeFile(join(dirname(target), 'app.db.undo-20261120T020514Z'), 'a file');
  expect(await listUndoSets(target)).toHaveLength(1);
});

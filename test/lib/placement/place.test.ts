import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../../lib/base/log.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import { makeStaging, place, placeNew } from '../../support/by-path.ts';
import {
  contentsOf,
  makeCrashedSet,
  makeDatabase,
  namesBeside,
  readRows,
  rowsOf,
  spoilSet,
} from '../../support/database-sets.ts';
import { mergeSet } from '../../support/merge-set.ts';
import { notes, placeOnce } from '../../support/placements.ts';
import { scratch } from '../../support/scratch.ts';
import { spawnTypeScript } from '../../support/spawn-lines.ts';

const context = {
  clock: { now: () => new Date('2026-11-20T02:05:13Z'), monotonicMs: () => 0 },
  log: silentLog,
};
const backup = 'backups/ctv/new.db';

async function makeOldAndNew(): Promise<{ target: string; staging: Staging }> {
  const target = join(scratch(), 'app.db');
  makeDatabase(target, 'old', 10);
  const staging = await makeStaging(target);
  makeDatabase(staging.database, 'new', 5);
  return { target, staging };
}

test('the new database is in place, with the mode of the old one, and the old one in the undo set', async () => {
  const { target, staging } = await makeOldAndNew();
  await chmod(target, 0o664);
  const { placement } = await place({ ...notes, target, staging, backup }, context);
  const undo = join(dirname(target), 'app.db.undo-20261120T020513Z');
  expect(placement).toMatchObject({ undo, previous: 'whole' });
  expect(await readRows(target)).toEqual(rowsOf('new', 5));
  expect((await stat(target)).mode & 0o7777).toBe(0o664);
  expect(await readRows(join(undo, 'app.db'))).toEqual(rowsOf('old', 10));
  expect((await stat(undo)).mode & 0o7777).toBe(0o700);
});

test('until it is kept the intent says what was done', async () => {
  const { target, staging } = await makeOldAndNew();
  const open = await place({ ...notes, target, staging, backup }, context);
  const intent = join(dirname(target), '.app.db.restore.json');
  expect(JSON.parse(await readFile(intent, 'utf8'))).toMatchObject({
    format: 'holdfast-restore-intent',
    version: 1,
    phase: 'placed',
    app: 'ctv',
    backup,
    services: 'flaskapp.service',
    started_at: '2026-11-20T02:05:13.000Z',
    started_by: { pid: process.pid },
    staging: staging.directoryName,
    undo: 'app.db.undo-20261120T020513Z',
  });
  await open.keep();
  expect(await namesBeside(target)).toEqual(['app.db.undo-20261120T020513Z']);
});

test('several placements within a second keep an undo set each', async () => {
  const { target } = await makeOldAndNew();
  for (let i = 1; i <= 3; i += 1) {
    makeDatabase(`${target}-${i}`, `new ${i}`, 1);
    await placeOnce(target, `${target}-${i}`, context);
  }
  const stamp = 'app.db.undo-20261120T020513Z';
  expect((await readdir(dirname(target))).filter((name) => name.startsWith('app.db.undo'))).toEqual([
    stamp,
    `${stamp}-2`,
    `${stamp}-3`,
  ]);
});

test('what was damaged is kept file by file, and said to be damaged', async () => {
  const target = join(scratch(), 'app.db');
  await makeCrashedSet(target, 'wal');
  await spoilSet(target);
  const staging = await makeStaging(target);
  makeDatabase(staging.database, 'new', 5);
  const before = await contentsOf(target);
  const { placement } = await place({ ...notes, target, staging, backup }, context);
  expect(placement.previous).toBe('damaged');
  expect(await contentsOf(join(placement.undo ?? '', 'app.db'))).toEqual(before);
  expect(await readRows(target)).toEqual(rowsOf('new', 5));
});

test('a database that a process holds open is not replaced, and nothing is left of the attempt', async () => {
  const { target, staging } = await makeOldAndNew();
  const before = await namesBeside(target);
  const holdOpen = fileURLToPath(new URL('../../fixtures/hold-open.ts', import.meta.url));
  const holder = spawnTypeScript(holdOpen, [target]);
  onTestFinished(() => holder.kill('SIGKILL'));
  await holder.line('open');
  await expect(place({ ...notes, target, staging, backup }, context)).rejects.toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(
      `^cannot replace ${target}: node hold-open\\.ts \\(process ${holder.pid} .*\\) has it open$`,
    ) as string,
  });
  expect(await namesBeside(target)).toEqual(before);
  expect(await readRows(target)).toEqual(rowsOf('old', 10));
});

test('a write that comes while the old database is being merged is not lost', async () => {
  const target = join(scratch(), 'app.db');
  await makeCrashedSet(target, 'wal');
  const staging = await makeStaging(target);
  makeDatabase(staging.database, 'new', 5);
  const merge = async (copy: string) => {
    const app = new Database(target);
    app.exec("insert into entries (note) values ('written meanwhile')");
    app.close();
    return mergeSet(copy);
  };
  await expect(place({ ...notes, target, staging, backup, merge }, context)).rejects.toMatchObject({
    kind: 'refused',
    message: `cannot replace ${target}: ${target} changed meanwhile`,
  });
  expect((await readRows(target)).at(-1)).toBe('written meanwhile');
});

test.each([
  ['a symbolic link', (target: string) => symlink('elsewhere.db', target)],
  ['a directory', (target: string) => mkdir(target)],
])('%s is not replaced', async (_, make) => {
  const target = join(scratch(), 'app.db');
  await make(target);
  const staging = await makeStaging(target);
  makeDatabase(staging.database, 'new', 5);
  await expect(place({ ...notes, target, staging, backup }, context)).rejects.toMatchObject({
    kind: 'refused',
    message: `cannot use ${target}: it is not a regular file`,
  });
});

test('a staged database that is still spread over two files is refused', async () => {
  const { target, staging } = await makeOldAndNew();
  await writeFile(`${staging.database}-wal`, 'frames');
  await expect(place({ ...notes, target, staging, backup }, context)).rejects.toMatchObject({
    kind: 'refused',
    message: `cannot place ${staging.path}: a part of it is in a -wal or -journal beside it`,
  });
});

test('placeNew publishes where nothing is', async () => {
  const { staging, target } = await makeOldAndNew();
  const copy = join(dirname(target), 'copy.db');
  await placeNew(staging, copy);
  expect(await readRows(copy)).toEqual(rowsOf('new', 5));
});

test.each(['', '-wal', '-shm', '-journal'])('placeNew refuses when %j lies at its target', async (suffix) => {
  const { staging, target } = await makeOldAndNew();
  const copy = join(dirname(target), 'copy.db');
  await writeFile(`${copy}${suffix}`, 'kept');
  await expect(placeNew(staging, copy)).rejects.toMatchObject({ kind: 'refused' });
  expect(await readFile(`${copy}${suffix}`, 'utf8')).toBe('kept');
  expect(await readRows(staging.database)).toEqual(rowsOf('new', 5));
});

// How the write-ahead logs of real databases stand, while apps write and read.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { walCheck } from '../../../lib/health/wal.ts';
import { walProbe } from '../../../lib/probe/wal.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from '../sqlite/databases.ts';
import { probeWorld } from './context.ts';
import { children } from './inspectors.ts';

function world(more = '', journalMode: 'wal' | 'delete' = 'wal') {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode });
  const made = probeWorld(`[apps.ctv]\ndatabase = ${JSON.stringify(path)}\n${more}\n`);
  const open = () => {
    const database = new Database(path);
    onTestFinished(() => void database.close());
    return database;
  };
  return { ...made, path, open, ask: () => made.ask(walCheck, walProbe, 'ctv') };
}

/** A transaction of so many megabytes. */
function write(app: Database.Database, megabytes: number): void {
  app
    .prepare('INSERT INTO ledger (note, ballast) VALUES (?, zeroblob(?))')
    .run('more', megabytes * 1_000_000);
}

test('a reader that keeps its place while others write is told after an hour, and by name', async () => {
  const { ask, open, clock } = world();
  const [app, reader] = [open(), open()];
  app.exec("INSERT INTO ledger (note) VALUES ('first')");
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM ledger').get();
  write(app, 6);
  expect(await ask()).toMatchObject({
    verdict: 'ok',
    measures: { waiting_bytes: expect.any(Number) as number },
  });
  clock.advance(3_600_000 - 1);
  write(app, 1);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  clock.advance(1);
  const told = await ask();
  expect(told).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(
      new RegExp(`process ${process.pid} \\(.+\\) has kept a read transaction open for 1 h`),
    ) as string,
    hint: expect.stringContaining(`-p ${process.pid}`) as string,
  });
  reader.exec('COMMIT');
  app.pragma('wal_checkpoint(PASSIVE)');
  expect(await ask()).toMatchObject({ verdict: 'ok', measures: { waiting_bytes: 0 } });
  // Whoever begins to read now has a new place, and is no old reader.
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM ledger').get();
  write(app, 6);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
});

test('a reader that sees everything holds nothing up, however long', async () => {
  const { ask, open, clock } = world();
  const [app, reader] = [open(), open()];
  app.pragma('wal_autocheckpoint = 0');
  write(app, 6);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM ledger').get();
  expect((await ask()).message).not.toMatch(/process/);
  clock.advance(7_200_000);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
});

test('a log that nobody puts into the database is told by its size, and well when somebody has', async () => {
  const { ask, open } = world('[health.wal]\nwarn = "5 MB"\ncritical = "12 MB"');
  const app = open();
  app.pragma('wal_autocheckpoint = 0');
  write(app, 4);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  write(app, 2);
  expect(await ask()).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(/no reader is seen to hold it back: nobody makes checkpoints/) as string,
  });
  write(app, 8);
  expect(await ask()).toMatchObject({ verdict: 'critical' });
  app.pragma('wal_checkpoint(PASSIVE)');
  expect(await ask()).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(/already/) as string,
  });
  app.pragma('wal_checkpoint(TRUNCATE)');
  expect(await ask()).toMatchObject({ verdict: 'ok', value: 0 });
});

test('free pages are told, and gone after a VACUUM', async () => {
  const { ask, open } = world('', 'delete');
  const app = open();
  write(app, 150);
  app.exec("DELETE FROM ledger WHERE note = 'more'");
  expect(await ask()).toMatchObject({
    verdict: 'warning',
    message: expect.stringMatching(/^no write-ahead log; 100 % of the file is free pages: 150 MB/) as string,
  });
  app.exec('VACUUM');
  expect(await ask()).toMatchObject({ verdict: 'ok', measures: { free_bytes: 0 } });
});

test('a look makes nothing beside a database, and takes nothing away', async () => {
  const { ask, open, path } = world();
  const names = () => readdirSync(join(path, '..')).sort();
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  expect(names()).toEqual(['app.db']);
  const app = open();
  app.exec("INSERT INTO ledger (note) VALUES ('first')");
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  expect(names()).toEqual(['app.db', 'app.db-shm', 'app.db-wal']);
  // Who looked has gone when the app ends, which then puts its log away as ever.
  await expect.poll(() => children()).toEqual([]);
  app.close();
  expect(names()).toEqual(['app.db']);
});

// Whether the databases of apps can be opened, and are well: real ones, while somebody else has them.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { databaseCheck } from '../../../lib/health/database.ts';
import { databaseProbe } from '../../../lib/probe/database.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from '../sqlite/databases.ts';
import { probeWorld } from './context.ts';

function world(path: string, more = '') {
  const made = probeWorld(`[apps.ctv]\ndatabase = ${JSON.stringify(path)}\n${more}\n`);
  return { ...made, ask: () => made.ask(databaseCheck, databaseProbe, 'ctv') };
}

const day = 86_400_000;

/** Damages what SQLite looks at: the content of the second page is no longer that of any tree. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xee, 4096, 8192));
}

describe.each(['wal', 'delete'] as const)('in mode %s', (journalMode) => {
  test('a database at rest is well, and nothing is left beside it', async () => {
    const directory = scratch();
    const path = join(directory, 'app.db');
    makeLedger(path, { journalMode });
    const before = readFileSync(path);
    expect(await world(path).ask()).toMatchObject({
      verdict: 'ok',
      value: before.length,
      message: expect.stringMatching(/^49 kB, pages well now$/) as string,
    });
    expect(readdirSync(directory)).toEqual(['app.db']);
    expect(readFileSync(path)).toEqual(before);
  });

  test('so is one that an app has open', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path, { journalMode });
    using app = opened(path);
    app.exec("INSERT INTO ledger (note) VALUES ('new')");
    expect(await world(path).ask()).toMatchObject({ verdict: 'ok' });
    app.exec("INSERT INTO ledger (note) VALUES ('newer')");
  });
});

/** An app; closed when the test is over. */
function opened(path: string): Database.Database & Disposable {
  const database = new Database(path);
  return Object.assign(database, { [Symbol.dispose]: () => database.close() });
}

test('one with damaged pages is critical with each run, until it is well again', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path, { journalMode: 'wal' });
  copyFileSync(path, `${path}.good`);
  const { ask, clock } = world(path);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  damage(path);
  clock.advance(day - 1);
  expect(await ask()).toMatchObject({ verdict: 'ok' }); // not looked at yet
  clock.advance(1);
  const bad = await ask();
  expect(bad).toMatchObject({
    verdict: 'critical',
    hint: expect.stringContaining('restore plan latest') as string,
  });
  expect(await ask()).toMatchObject({ verdict: 'critical' });
  writeFileSync(path, readFileSync(`${path}.good`));
  expect(await ask()).toMatchObject({ verdict: 'ok' });
});

test('another file in its place is looked at at once', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const { ask } = world(path);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  copyFileSync(path, `${path}.new`);
  damage(`${path}.new`);
  renameSync(`${path}.new`, path);
  expect(await ask()).toMatchObject({ verdict: 'critical' });
});

test.each<[what: string, make: (path: string) => void, verdict: string, message: RegExp]>([
  ['gone', (path) => rmSync(path), 'critical', /^cannot read the database .*: it is not there$/],
  ['empty', (path) => truncateSync(path, 0), 'critical', /it is empty \(0 bytes\)$/],
  ['cut short', (path) => truncateSync(path, 60), 'critical', /shorter than a SQLite header$/],
  ['cut in the middle', (path) => truncateSync(path, 3 * 4096), 'critical', /damaged/],
  [
    'something else',
    (path) => writeFileSync(path, 'x'.repeat(10_000)),
    'critical',
    /it is not a SQLite database/,
  ],
  [
    'a directory',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    'critical',
    /it is a directory$/,
  ],
])('a database that is %s', async (_, make, verdict, message) => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const { ask } = world(path);
  expect(await ask()).toMatchObject({ verdict: 'ok' });
  make(path);
  const names = readdirSync(join(path, '..'));
  // What is cut in the middle opens well; its pages tell.
  const found = await world(path).ask();
  expect(found).toMatchObject({ verdict, message: expect.stringMatching(message) as string });
  expect(found.hint).not.toBe(undefined);
  expect(readdirSync(join(path, '..'))).toEqual(names);
});

test('one that an app keeps locked is a warning in words, and well when it is free', async () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  const { ask } = world(path);
  {
    using app = opened(path);
    app.exec('BEGIN EXCLUSIVE');
    expect(await ask()).toMatchObject({
      verdict: 'warning',
      message: expect.stringMatching(/another program keeps it locked/) as string,
      hint: expect.stringContaining('fuser -v') as string,
    });
  }
  expect(await ask()).toMatchObject({ verdict: 'ok' });
});

describe('the check of all pages', () => {
  /** SQLite computes something without an end for each row. */
  function makeEndless(path: string): void {
    const database = new Database(path);
    database.exec('CREATE TABLE t (a, b AS (upper(a)) NOT NULL)');
    database.exec(
      'WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) INSERT INTO t SELECT x FROM c',
    );
    database.unsafeMode(true);
    database.pragma('writable_schema = ON');
    database.exec(
      "UPDATE sqlite_schema SET sql = replace(sql, 'upper(a)', 'length(hex(zeroblob(20000000)))')",
    );
    database.close();
  }

  test('is given up when its time is over, told, and not tried again before its day', async () => {
    const path = join(scratch(), 'app.db');
    makeEndless(path);
    const { ask, clock, notes } = world(path, '[health.database]\ncheck_seconds = 0.5');
    expect(await ask()).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/pages not checked yet, and given up after 500 ms now$/) as string,
    });
    const before = notes.get('database/ctv');
    clock.advance(day - 1);
    await ask();
    expect(notes.get('database/ctv')).toBe(before);
    clock.advance(1);
    await ask();
    expect(notes.get('database/ctv')).not.toBe(before);
  });

  test('is not made where it is given no time', async () => {
    const path = join(scratch(), 'app.db');
    makeLedger(path);
    damage(path);
    expect(await world(path, '[health.database]\ncheck_seconds = 0').ask()).toMatchObject({
      verdict: 'ok',
      message: expect.stringMatching(/pages not checked yet$/) as string,
    });
  });

  test('has one time for all databases of a run', async () => {
    const directory = scratch();
    const names = ['a', 'b', 'c'];
    for (const name of names) makeEndless(join(directory, name));
    const apps = names.map((name) => `[apps.${name}]\ndatabase = "${join(directory, name)}"\n`);
    const { run, notes, clock } = probeWorld(`${apps.join('')}[health.database]\ncheck_seconds = 0.6\n`);
    let passedMs = 0;
    const tried = async () => {
      const context = run();
      const spending = { ...context, clock: { ...clock, monotonicMs: () => (passedMs += 400) } };
      await Promise.all(names.map((name) => databaseProbe.measure(spending, name)));
      return [...notes.keys()];
    };
    expect(await tried()).toHaveLength(1);
    expect(await tried()).toHaveLength(2); // the next run goes on with another
  });
});

// What the owner's queries return, of real databases; and that they can do nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqlCheck } from '../../../lib/health/sql.ts';
import { sqlProbe } from '../../../lib/probe/sql.ts';
import { scratch } from '../../support/scratch.ts';
import { probeWorld } from './context.ts';
import { children } from './inspectors.ts';

function database(make: string, journalMode = 'wal'): { path: string; app: Database.Database } {
  const path = join(scratch(), 'app.db');
  const app = new Database(path);
  app.pragma(`journal_mode = ${journalMode}`);
  app.exec(make);
  onTestFinished(() => void app.close());
  return { path, app };
}

const assertion = (name: string, query: string, more: string) =>
  `[health.sql.assertions.${name}]\napp = "ctv"\nquery = ${JSON.stringify(query)}\n${more}\n`;

function world(path: string, assertions: string) {
  const made = probeWorld(`[apps.ctv]\ndatabase = ${JSON.stringify(path)}\n${assertions}`);
  return { ...made, ask: (name: string) => made.ask(sqlCheck, sqlProbe, `ctv/${name}`) };
}

const numbers = 'CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2.5), (9223372036854775807, NULL)';

test('it turns red with the rows, and green again', async () => {
  const { path, app } = database(numbers);
  const { ask } = world(path, assertion('two', 'SELECT count(*) FROM t', 'expect = 2'));
  expect(await ask('two')).toMatchObject({ verdict: 'ok', value: 2 });
  app.exec('INSERT INTO t VALUES (3, 3)');
  expect(await ask('two')).toMatchObject({ verdict: 'critical', message: 'it returns 3 instead of 2' });
  app.exec('DELETE FROM t WHERE a = 3');
  expect(await ask('two')).toMatchObject({ verdict: 'ok' });
});

test.each([
  ['SELECT b FROM t', 'expect = 2.5', 'ok'],
  ['SELECT a, b FROM t WHERE a = 1', 'expect = [[1, 2.5]]', 'ok'],
  ['SELECT 1 FROM t WHERE a = 7', 'expect = []', 'ok'],
  ['VALUES (1)', 'expect = true', 'ok'],
  ['WITH x AS (SELECT 5 AS a) SELECT a FROM x', 'min = 5', 'ok'],
  ['-- why\n/* and\nhow */ SELECT 5;', 'max = 5', 'ok'],
  ['SELECT * FROM pragma_user_version', 'expect = 0', 'ok'],
  ['SELECT integrity_check FROM pragma_integrity_check', 'expect = "ok"', 'ok'],
  ['SELECT max(a) FROM t', 'expect = "9223372036854775807"', 'critical'],
  ['SELECT CAST(max(a) AS TEXT) FROM t', 'expect = "9223372036854775807"', 'ok'],
  ['SELECT b FROM t WHERE b IS NULL', 'min = 0\nseverity = "warning"', 'warning'],
])('%s, %s: %s', async (query, more, verdict) => {
  const { path } = database(numbers);
  expect(await world(path, assertion('it', query, more)).ask('it')).toMatchObject({ verdict });
});

describe('what may do more than read, or returns too much, is a mistake in the configuration', () => {
  const begin = 'it has to begin with SELECT, WITH or VALUES';
  const cases: [query: string, why: string][] = [
    ['DELETE FROM t', begin],
    ['INSERT INTO t VALUES (1, 1) RETURNING a', begin],
    ['UPDATE t SET a = 1 RETURNING a', begin],
    ['DROP TABLE t', begin],
    ['CREATE TABLE u (a)', begin],
    ['ATTACH :here AS x', begin],
    ["ATTACH 'file:x.db?mode=rwc' AS x", begin],
    ['VACUUM', begin],
    ["VACUUM INTO 'copy.db'", begin],
    ['PRAGMA journal_mode = DELETE', begin],
    ['PRAGMA user_version = 5', begin],
    ['PRAGMA wal_checkpoint(TRUNCATE)', begin],
    ['PRAGMA user_version', begin],
    ['BEGIN IMMEDIATE', begin],
    ['REINDEX', begin],
    ['ANALYZE', begin],
    ['DETACH main', begin],
    ['EXPLAIN DELETE FROM t', begin],
    ['; DELETE FROM t', begin],
    ['/* SELECT */ DELETE FROM t', begin],
    ['-- SELECT\nDELETE FROM t', begin],
    ['/* no end', begin],
    ['WITH x AS (SELECT 1) DELETE FROM t', 'returns no rows'],
    ['WITH x AS (SELECT 1) DELETE FROM t RETURNING a', 'it would write'],
    ['WITH x AS (SELECT 1) INSERT INTO t SELECT 1, 1 RETURNING a', 'it would write'],
    ['SELECT 1; DELETE FROM t', 'more than one statement'],
    ["SELECT load_extension('x')", 'not authorized'],
    ["SELECT fts3_tokenizer('simple', x'00')", ''],
    ['SELECT * FROM u', 'no such table: u'],
    ['SELECT c FROM t', 'no such column: c'],
    ['SELECT ?', ''],
    ['SELECT :day', ''],
    ['SELECT', 'incomplete input'],
    [
      'SELECT a FROM (WITH RECURSIVE c (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c) SELECT a FROM c)',
      'more than 1,000 rows',
    ],
    ['SELECT zeroblob(2000000)', 'more than 1 MB'],
    ["SELECT json('{')", 'malformed JSON'],
  ];

  test('all of them, one after the other, and the database is as it was', async () => {
    const { path, app } = database(numbers);
    app.pragma('wal_checkpoint(TRUNCATE)');
    const [before, names] = [readFileSync(path), readdirSync(join(path, '..'))];
    const { run } = world(
      path,
      cases.map(([query], index) => assertion(`a${index}`, query, 'expect = 1')).join(''),
    );
    const context = run();
    for (const [index, [query, why]] of cases.entries()) {
      const error: unknown = await sqlProbe.measure(context, `ctv/a${index}`).then(
        () => expect.unreachable(query),
        (thrown: unknown) => thrown,
      );
      expect(error, query).toMatchObject({ kind: 'config', message: expect.stringContaining(why) as string });
      expect((error as Error).message).toMatch(
        new RegExp(`^cannot run health\\.sql\\.assertions\\.a${index}: `),
      );
    }
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, '..'))).toEqual(names);
    expect(app.prepare('SELECT count(*) FROM t').pluck().get()).toBe(2);
  });
});

test('a query without an end, and one that wants too much memory, keep the next from nothing', async () => {
  const { path } = database(numbers);
  const endless = 'WITH RECURSIVE c (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c) SELECT count(*) FROM c';
  const made = world(
    path,
    [
      assertion('endless', endless, 'expect = 1\ntimeout_seconds = 0.2'),
      assertion('large', 'SELECT length(hex(zeroblob(400000000)))', 'expect = 1'),
      assertion('next', 'SELECT count(*) FROM t', 'expect = 2'),
    ].join(''),
  );
  const context = made.run();
  // The first one is given the time as well that opening takes: not here.
  await sqlProbe.measure(context, 'ctv/next');
  const all = await Promise.allSettled(
    ['endless', 'large', 'next'].map((name) => sqlProbe.measure(context, `ctv/${name}`)),
  );
  expect(all).toMatchObject([
    { reason: { kind: 'unavailable', message: expect.stringMatching(/it took longer than/) as string } },
    { reason: { kind: 'io', message: expect.stringMatching(/out of memory/) as string } },
    { value: { rows: [[2n]] } },
  ]);
});

test('a run that is told to stop waits for no query', async () => {
  const { path } = database(numbers);
  const endless = 'WITH RECURSIVE c (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c) SELECT count(*) FROM c';
  const { run } = world(path, assertion('endless', endless, 'expect = 1\ntimeout_seconds = 30'));
  const stop = new AbortController();
  const measured = sqlProbe.measure({ ...run(), signal: stop.signal }, 'ctv/endless');
  await expect.poll(() => children().length).toBe(1);
  stop.abort();
  await expect(measured).rejects.toMatchObject({ kind: 'io' });
  await expect.poll(() => children()).toEqual([]);
});

test('hundreds at once are asked in one process, which is gone afterwards', async () => {
  const { path } = database(numbers);
  const names = Array.from({ length: 500 }, (_, index) => `n${index}`);
  const { run } = world(
    path,
    names.map((name) => assertion(name, 'SELECT count(*) FROM t', 'expect = 2')).join(''),
  );
  const context = run();
  let atOnce = 0;
  await Promise.all(
    names.map(async (name, index) => {
      await sqlProbe.measure(context, `ctv/${name}`);
      if (index % 50 === 0) atOnce = Math.max(atOnce, children().length);
    }),
  );
  expect(atOnce).toBeLessThanOrEqual(1);
  await expect.poll(() => children()).toEqual([]);
});

test('an app that is not there is named, and what it was probably meant to be', async () => {
  const { path } = database(numbers);
  const made = world(path, '[health.sql.assertions.a]\napp = "ctw"\nquery = "SELECT 1"\nexpect = 1\n');
  await expect(sqlProbe.measure(made.run(), 'ctw/a')).rejects.toMatchObject({
    kind: 'config',
    message: 'cannot run health.sql.assertions.a: there is no app ctw with a database; did you mean ctv?',
  });
});

test('a database that is gone is unknown, and for each assertion by name', async () => {
  const made = world('/nowhere/app.db', assertion('a', 'SELECT 1', 'expect = 1'));
  expect(await made.ask('a')).toMatchObject({
    verdict: 'unknown',
    message: expect.stringMatching(/^cannot read the database \/nowhere\/app\.db/) as string,
  });
});

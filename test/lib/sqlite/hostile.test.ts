// Databases that somebody made to harm who reads them: nothing of their schema runs, and each ends in a clear answer.
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { OpsError } from '../../../lib/base/errors.ts';
import { requireSource } from '../../../lib/sqlite/look.ts';
import { measureDatabase } from '../../../lib/sqlite/measure.ts';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { openImmutable, openLive, openMapped, openOwn } from '../../../lib/sqlite/open.ts';
import { takeSnapshot } from '../../../lib/sqlite/snapshot.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger } from './databases.ts';
import { makeOdd, renameInSchema } from './odd-databases.ts';

type Build = (database: Database.Database) => void;

const endless = 'WITH RECURSIVE c (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM c) SELECT a FROM c';

const rows = 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)';

/** Writes into the schema what SQLite would not take. */
function forge(database: Database.Database, type: string, name: string, sql: string): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  database.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, 2, ?)').run(type, name, name, sql);
  database.unsafeMode(false);
}

/** `what` in the place of an expression that SQLite took. */
const indexOn = (what: string) => (database: Database.Database) => {
  database.exec(`${rows}; CREATE INDEX i ON t (upper(a))`);
  renameInSchemaUnread(database, 'upper(a)', what);
};

const generated = (what: string) => (database: Database.Database) => {
  database.exec('CREATE TABLE t (a, b AS (upper(a)) NOT NULL); INSERT INTO t VALUES (1), (2)');
  renameInSchemaUnread(database, 'upper(a)', what);
};

/** As `renameInSchema`, of what cannot be read again afterwards. */
function renameInSchemaUnread(database: Database.Database, from: string, to: string): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  database.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?)').run(from, to);
  database.unsafeMode(false);
}

/** What runs nothing, and is as sound as any. */
const harmless: Record<string, Build> = {
  'a view without an end': (db) => db.exec(`${rows}; CREATE VIEW v AS ${endless}`),
  'a tower of views': (db) => {
    db.exec(`${rows}; CREATE VIEW v0 AS SELECT a FROM t`);
    for (let i = 1; i < 40; i += 1)
      db.exec(`CREATE VIEW v${i} AS SELECT x.a FROM v${i - 1} AS x, v${i - 1} AS y`);
  },
  'triggers that call what they can': (db) =>
    db.exec(`${rows}; CREATE TRIGGER x AFTER UPDATE ON t BEGIN SELECT load_extension('x'); END;
      CREATE TRIGGER y AFTER INSERT ON t BEGIN DELETE FROM t; END`),
  'a check that calls what it can': (db) => {
    db.exec("CREATE TABLE t (a, CHECK (a IS NOT 'never')); INSERT INTO t VALUES (1), (2)");
    renameInSchemaUnread(db, "a IS NOT 'never'", "load_extension('x') IS NULL");
  },
  'a default that calls what it can': (db) => {
    db.exec('CREATE TABLE t (a, b DEFAULT (1)); INSERT INTO t VALUES (1, 1), (2, 2)');
    renameInSchemaUnread(db, 'DEFAULT (1)', "DEFAULT (load_extension('x'))");
  },
  'virtual tables over files and internals': (db) => {
    db.exec(
      `${rows}; CREATE VIRTUAL TABLE k USING fts3tokenize ('simple'); CREATE VIRTUAL TABLE d USING dbstat`,
    );
    for (const use of ["zipfile('/etc/passwd')", "csv(filename = '/etc/passwd')", "fsdir('/')"])
      forgeVirtual(db, use);
  },
  'a search index over a view without an end': (db) =>
    db.exec(`${rows}; CREATE VIEW v AS ${endless}; CREATE VIRTUAL TABLE f USING fts5 (a, content = 'v')`),
  'a key that refers to a view without an end': (db) =>
    db.exec(
      `${rows}; CREATE TABLE u (a REFERENCES v (a)); INSERT INTO u VALUES (1); CREATE VIEW v AS ${endless}`,
    ),
};

function forgeVirtual(database: Database.Database, use: string): void {
  database.unsafeMode(true);
  database.pragma('writable_schema = ON');
  const name = use.replace(/\(.*/, '');
  const insert = "INSERT INTO sqlite_schema VALUES ('table', ?, ?, 0, ?)";
  database.prepare(insert).run(name, name, `CREATE VIRTUAL TABLE ${name} USING ${use}`);
  database.unsafeMode(false);
}

/** What SQLite refuses to know, and in which words. */
const refused: Record<string, { build: Build; says: RegExp }> = {
  'a table that is a view': {
    build: (db) => (db.exec(rows), forge(db, 'table', 'v', `CREATE VIEW v AS ${endless}`)),
    says: /malformed database schema/,
  },
  'a table under the name of a view': {
    build: (db) => (
      db.exec(`${rows}; CREATE VIEW v AS ${endless}`),
      forge(db, 'table', 'v', 'CREATE TABLE w (a)')
    ),
    says: /malformed database schema/,
  },
  'a trigger on the schema': {
    build: (db) => {
      db.exec(rows);
      forge(db, 'trigger', 'x', 'CREATE TRIGGER x AFTER UPDATE ON sqlite_schema BEGIN DELETE FROM t; END');
    },
    says: /malformed database schema/,
  },
  'an index that loads code': { build: indexOn("load_extension('x')"), says: /unsafe use of load_extension/ },
  'an index that reads internals': {
    build: indexOn("rtreecheck('main', 't')"),
    says: /unsafe use of rtreecheck/,
  },
  'an index on chance': { build: indexOn('randomblob(1e9)'), says: /non-deterministic/ },
  'a column that loads code': {
    build: generated("load_extension('x')"),
    says: /unsafe use of load_extension/,
  },
  'a column that makes a tokenizer': {
    build: generated("fts3_tokenizer('x')"),
    says: /unsafe use of fts3_tokenizer/,
  },
  'a column that reads internals': {
    build: generated("rtreecheck('main', 't')"),
    says: /unsafe use of rtreecheck/,
  },
};

async function copyOf(path: string): Promise<string> {
  const copy = join(scratch(), 'copy.db');
  await takeSnapshot(await requireSource(path), copy, { now: new Date('2100-01-01') });
  return copy;
}

describe.each(Object.entries(harmless))('%s', (_, build) => {
  test('is copied and measured, and nothing of it is run', async () => {
    const path = join(scratch(), 'app.db');
    makeOdd(path, build);
    const before = readFileSync(path);
    const { facts, integrity } = await measureDatabase(await copyOf(path));
    expect(integrity).toMatchObject({ check: 'full', problems: [] });
    expect(facts.tables).toContainEqual({ name: 't', rows: 2 });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual(['app.db']);
  });
});

describe.each(Object.entries(refused))('%s', (_, { build, says }) => {
  test('is damage, with its name, to whoever reads it, and merged by nobody', async () => {
    const path = join(scratch(), 'app.db');
    makeOdd(path, build);
    const damage = { kind: 'damaged', message: expect.stringMatching(says) as string };
    await expect(copyOf(path)).rejects.toMatchObject(damage);
    await expect(measureDatabase(path)).rejects.toMatchObject(damage);
    const copy = join(scratch(), 'app.db');
    copyFileSync(path, copy);
    expect(await mergeSet(copy)).toBe(false);
    expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
  });
});

test('however it is opened, a database is distrusted', () => {
  const path = join(scratch(), 'app.db');
  makeLedger(path);
  for (const open of [openLive, openImmutable, openMapped, openOwn]) {
    const database = open(path);
    const setting = (name: string) => database.pragma(name, { simple: true });
    expect([setting('trusted_schema'), setting('cell_size_check'), setting('writable_schema')]).toEqual([
      0, 1, 0,
    ]);
    // The defensive mode: the schema cannot be written, whoever asks.
    expect(() => {
      database.pragma('writable_schema = ON');
      database.prepare("UPDATE sqlite_schema SET sql = ''").run();
    }).toThrow();
    expect(() => database.prepare("SELECT load_extension('x')").get()).toThrow('not authorized');
    database.close();
  }
});

test('a check that never ends is ended by an abort', async () => {
  const path = join(scratch(), 'app.db');
  makeOdd(path, (database) => {
    database.exec(`${rows}; CREATE INDEX i ON t (upper(a))`);
    // SQLite compares two million bytes at each of four million places.
    renameInSchema(database, 'upper(a)', "instr(hex(zeroblob(2000000)), hex(zeroblob(1000000)) || '1')");
  });
  const stop = new AbortController();
  const reason = new Error('stopped by SIGTERM');
  const onBeat = () => stop.abort(reason); // it has been at work for a second
  await expect(measureDatabase(path, { signal: stop.signal, onBeat })).rejects.toBe(reason);
});

test.each<[string, string, Partial<OpsError>]>([
  ['an index that takes all memory', 'hex(zeroblob(260000000))', { kind: 'io' }],
  ['a value larger than any', 'hex(zeroblob(2000000000))', { kind: 'damaged' }],
])('%s ends in words', async (_, what, error) => {
  const path = join(scratch(), 'app.db');
  makeOdd(path, indexOn(what));
  const copy = await copyOf(path);
  await expect(measureDatabase(copy)).rejects.toMatchObject({
    ...error,
    message: expect.stringMatching(/^cannot check .*(?:out of memory|too big)/) as string,
  });
});

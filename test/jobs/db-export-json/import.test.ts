// Documents become rows again: exactly, all of them or none.
import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';

const tables = `CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL, weight REAL, "odd; ""name" BLOB, any, UNIQUE (name));
  CREATE TABLE child (day TEXT, parent INTEGER REFERENCES parent, note) ; CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
  CREATE TABLE g (a, b AS (a || '!')); CREATE TABLE empty (x); CREATE INDEX by_day ON child (day); CREATE VIEW names AS SELECT name FROM parent;
  CREATE TABLE counted (n); INSERT INTO counted VALUES (0);
  CREATE TRIGGER count_them AFTER INSERT ON child BEGIN UPDATE counted SET n = n + 1; END;
  CREATE TABLE counter (id INTEGER PRIMARY KEY AUTOINCREMENT, "x; DROP TABLE w" ANY); INSERT INTO counter VALUES (7, 'x'), (9, 'y');
  DELETE FROM counter WHERE id = 9; CREATE TABLE "it's; gone" (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO "it's; gone" VALUES (3); DELETE FROM "it's; gone";
  CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words (rowid, body) VALUES (5, 'some words');
  CREATE VIRTUAL TABLE old USING fts4(body); INSERT INTO old (docid, body) VALUES (4, 'old words');
  CREATE VIRTUAL TABLE found USING fts5(name, content='parent', content_rowid='id'); CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
  CREATE VIRTUAL TABLE box USING rtree(id, low, high); INSERT INTO box VALUES (2, 0.1, 0.5); PRAGMA user_version = 12; PRAGMA application_id = -7;
  INSERT INTO parent VALUES (1, 'Zürich 😀', 1.0, x'00ff', 9223372036854775807), (7, 'a' || char(0), 1e999, x'', 2.0),
    (8, CAST(x'ff61' AS TEXT), -0.0, NULL, CAST(x'fe' AS TEXT)), (9, char(0xfffd), 0.1, 'text', '1');
  INSERT INTO child VALUES ('2026-11-26', 1, NULL), ('2026-11-26', 7, 3), ('2026-11-27', 9, 2.5);
  INSERT INTO w VALUES ('b', 1), ('a', NULL); INSERT INTO g (a) VALUES ('x');`;

const byDay = 'days = "SELECT DISTINCT day FROM child"\ntables = { child = "day" }';

const mapped = `days = "SELECT DISTINCT day FROM child"
document = "SELECT json_object('date', :day, 'tags', json((SELECT json_group_array(note) FROM child WHERE day = :day)), 'a/b', 'x')"`;
const mapping = `[[apps.bookings.import.rows]]
table = "tag"
day = "date"
each = "/tags"
columns = { date = "$day", value = "@", place = "#", kind = "=regular", from_document = "/a~1b" }`;
const tagSchema = 'CREATE TABLE tag (date TEXT, value, place INTEGER, kind TEXT, from_document TEXT)';

const shop = `CREATE TABLE [Artist] ([ArtistId] INTEGER NOT NULL, [Name] NVARCHAR(120), CONSTRAINT [PK_Artist] PRIMARY KEY ([ArtistId]));
  CREATE TABLE [Track] ([TrackId] INTEGER NOT NULL PRIMARY KEY, [Name] NVARCHAR(200) NOT NULL, [ArtistId] INTEGER, [Bytes] INTEGER,
    [UnitPrice] NUMERIC(10,2) NOT NULL, FOREIGN KEY ([ArtistId]) REFERENCES [Artist] ([ArtistId]) ON DELETE NO ACTION);
  CREATE TABLE [Invoice] ([InvoiceId] INTEGER NOT NULL PRIMARY KEY, [InvoiceDate] DATETIME NOT NULL, [Total] NUMERIC(10,2) NOT NULL);
  CREATE TABLE [PlaylistTrack] ([PlaylistId] INTEGER NOT NULL, [TrackId] INTEGER NOT NULL, CONSTRAINT [PK] PRIMARY KEY ([PlaylistId], [TrackId]),
    FOREIGN KEY ([TrackId]) REFERENCES [Track] ([TrackId]));
  CREATE INDEX [IFK_TrackArtistId] ON [Track] ([ArtistId]);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO [Artist] SELECT i, iif(i % 7, 'Artist ' || i || ' é', NULL) FROM n;
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO [Track] SELECT i, 'Track "' || i || '"', nullif(i % 301, 0), i * 1000003, iif(i % 3, 0.99, 2) FROM n;
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
    INSERT INTO [Invoice] SELECT i, datetime('2009-01-01', '+' || i || ' days'), i * 0.99 FROM n;
  INSERT INTO [PlaylistTrack] SELECT TrackId % 17, TrackId FROM [Track] ORDER BY TrackId DESC;`;

class ImportWorld extends TypedWorld {
  readonly documents = join(this.home, 'documents');
  readonly mirror = join(this.home, 'mirror.db');
  readonly schema = join(this.home, 'schema.sql');

  constructor(keys: string, { sql = tables, rows = '', schema = '' } = {}) {
    super();
    mkdirSync(this.documents);
    execute(this.database, sql);
    if (schema !== '') writeFileSync(this.schema, schema);
    this.use(keys, rows);
  }

  use(keys: string, rows = ''): void {
    const schema = existsSync(this.schema) ? `schema = ${JSON.stringify(this.schema)}` : '';
    this.configure({
      app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(this.documents)}\n${keys}
[apps.bookings.import]\ndatabase = ${JSON.stringify(this.mirror)}\n${schema}\n${rows}`,
    });
  }

  texts(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.documents).map((name) => [name, readFileSync(join(this.documents, name), 'utf8')]),
    );
  }
}

function execute(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}

function query(path: string, sql: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare(sql).raw().all();
  } finally {
    database.close();
  }
}

test.each<[string, (path: string) => void, RegExp]>([
  ['a link', (path) => symlinkSync('/etc/hostname', path), /it is a link, and no file/],
  ['a link to nothing', (path) => symlinkSync('/nowhere', path), /it is a link, and no file/],
  ['a pipe', (path) => void execFileSync('mkfifo', [path]), /it is not a regular file/],
  ['a directory', (path) => mkdirSync(path), /it is (not a regular file|a directory)/],
])('%s that has the name of a document is told as what it is', async (_, make, says) => {
  await using world = new ImportWorld(byDay, {
    schema: 'CREATE TABLE child (day TEXT, parent INTEGER, note)',
  });
  await world.run('db-export-json', []);
  rmSync(join(world.documents, '2026-11-26.json'));
  make(join(world.documents, '2026-11-26.json'));
  for (const command of ['import', 'check']) {
    const ended = await world.run('db-export-json', [command]);
    expect(ended.exitCode, ended.stderr).not.toBe(70);
    expect(ended.exitCode).not.toBe(0);
    expect(ended.stderr).toMatch(says);
  }
});

describe('many rows of one document', () => {
  const keys = 'days = "SELECT 1"\ndocument = "SELECT 1"';
  const list = (name: string, columns: string) =>
    `[[apps.bookings.import.rows]]\ntable = "item"\nday = "date"\neach = "/${name}"\ncolumns = { date = "$day", kind = "=${name}", n = "#", text = "@"${columns} }\n`;
  const items = (count: number, word: string) =>
    Array.from({ length: count }, (_, n) => `${word} ${n} `.repeat(4));

  test.each([
    ['that are told while it is read', ''],
    ['of which one list waits for what stands behind it', ', site = "/site"'],
  ])('%s come in the order of the mappings, and a second time change nothing', async (_, more) => {
    const schema = 'CREATE TABLE item (date TEXT, kind TEXT, n INTEGER, text TEXT, site TEXT)';
    const rows = list('early', more) + list('late', more === '' ? '' : ', site = "=x"');
    await using world = new ImportWorld(keys, { rows, schema });
    const path = join(world.documents, '2026-11-26.json');
    const [early, late] = [items(9000, 'early'), items(12_000, 'late')];
    writeFileSync(path, JSON.stringify({ late, early, site: 'here' }));
    const imported = await world.runJson('db-export-json', ['import']);
    expect(imported.json.result, imported.stderr).toMatchObject({
      tables: [{ added: 21_000, rows: 21_000 }],
    });
    const wanted = [
      ...early.map((text, n) => ['early', n, text]),
      ...late.map((text, n) => ['late', n, text]),
    ];
    const inOrder = () => query(world.mirror, 'SELECT kind, n, text FROM item ORDER BY rowid');
    expect(inOrder()).toEqual(wanted);
    const again = await world.runJson('db-export-json', ['import']);
    expect(again.json.result).toMatchObject({ changed: [], tables: [{ removed: 0, added: 0 }] });
    // One value in the middle of it, and the same row twice, once less.
    writeFileSync(path, JSON.stringify({ late: [...late.slice(0, -1), 'x'], early, site: 'here' }));
    const changed = await world.runJson('db-export-json', ['import']);
    expect(changed.json.result).toMatchObject({ tables: [{ removed: 21_000, added: 21_000 }] });
    expect(inOrder().at(-1)).toEqual(['late', 11_999, 'x']);
    writeFileSync(path, JSON.stringify({ late, early, site: 'here' }).slice(0, -40));
    expect(await world.run('db-export-json', ['import'])).toMatchObject({ exitCode: 65 });
    expect(inOrder().at(-1)).toEqual(['late', 11_999, 'x']);
  });
});

describe('what was exported and imported', () => {
  test.each(['format = "ndjson"', 'format = "json"\nindent = 2\nascii = true'])(
    'is exported again as the same bytes: %s',
    async (keys) => {
      await using world = new ImportWorld(keys);
      expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 0 });
      const before = world.texts();
      const again = join(world.home, 'again.db');
      const imported = await world.run('db-export-json', ['import', '--to', again]);
      expect(imported.exitCode, imported.stderr).toBe(0);
      rmSync(world.database);
      copyFileSync(again, world.database);
      const { stdout } = await world.run('db-export-json', ['run', '--dry-run']);
      expect(stdout).toMatch(/0 would be new, 0 would be changed/);
      await world.run('db-export-json', []);
      expect(world.texts()).toEqual(before);
      expect(query(again, 'PRAGMA integrity_check')).toEqual([['ok']]);
      expect(query(again, "SELECT rowid FROM found WHERE found MATCH 'Zürich'")).toEqual([[1]]);
      expect(query(again, 'SELECT * FROM sqlite_sequence ORDER BY name')).toEqual([
        ['counter', 9],
        ["it's; gone", 3],
      ]);
      expect(query(again, 'SELECT * FROM pragma_user_version, pragma_application_id')).toEqual([[12, -7]]);
    },
  );

  test('of a shop, with the types and references that such have, is as well', async () => {
    await using world = new ImportWorld('', { sql: shop });
    expect(await world.run('db-export-json', [])).toMatchObject({ exitCode: 0 });
    const before = world.texts();
    const again = join(world.home, 'again.db');
    const imported = await world.run('db-export-json', ['import', '--to', again]);
    expect(imported, imported.stderr).toMatchObject({ exitCode: 0 });
    expect(query(again, 'PRAGMA foreign_key_check')).toEqual([]);
    copyFileSync(again, world.database);
    expect((await world.run('db-export-json', [])).stdout).toContain('0 new, 0 changed');
    expect(world.texts()).toEqual(before);
  });

  test('by days is the same as well, and a second import into the mirror changes nothing', async () => {
    await using world = new ImportWorld(byDay, {
      schema: 'CREATE TABLE child (day TEXT, parent INTEGER, note)',
    });
    await world.run('db-export-json', []);
    const first = await world.runJson('db-export-json', ['import']);
    expect(first, first.stderr).toMatchObject({
      exitCode: 0,
      json: {
        result: { is_new: true, documents: 2, tables: [{ table: 'child', removed: 0, added: 3, rows: 3 }] },
      },
    });
    expect(query(world.mirror, 'SELECT * FROM child ORDER BY rowid')).toEqual(
      query(world.database, 'SELECT * FROM child ORDER BY rowid'),
    );
    expect(query(world.mirror, 'SELECT name FROM sqlite_schema')).toEqual([['child']]);
    const before = readFileSync(world.mirror);
    expect((await world.runJson('db-export-json', ['import'])).json.result).toMatchObject({
      is_new: false,
      changed: [],
    });
    expect(readFileSync(world.mirror).equals(before)).toBe(true);
    execute(
      world.database,
      "DELETE FROM child WHERE parent = 7; UPDATE child SET note = 'x' WHERE day = '2026-11-27'",
    );
    await world.run('db-export-json', []);
    const tried = await world.run('db-export-json', ['import', '--dry-run']);
    expect(tried.stdout).toMatch(/2 changed\nwould be: {3}child: 3 rows went, 2 came, 2 are there/);
    expect(readFileSync(world.mirror).equals(before)).toBe(true);
    expect(
      (await world.runJson('db-export-json', ['import', '--day', '2026-11-26'])).json.result,
    ).toMatchObject({
      changed: ['2026-11-26.json'],
      tables: [{ removed: 2, added: 1, rows: 2 }],
    });
  });
});

test('a document of any shape becomes rows by its mapping', async () => {
  await using world = new ImportWorld(mapped, { rows: mapping, schema: tagSchema });
  await world.run('db-export-json', []);
  const { exitCode, stderr } = await world.run('db-export-json', ['import']);
  expect(exitCode, stderr).toBe(0);
  expect(query(world.mirror, 'SELECT * FROM tag ORDER BY date, place')).toEqual([
    ['2026-11-26', null, 0, 'regular', 'x'],
    ['2026-11-26', 3, 1, 'regular', 'x'],
    ['2026-11-27', 2.5, 0, 'regular', 'x'],
  ]);
});

describe('nothing is imported, and what was there stays', () => {
  const deep = `${'['.repeat(2000)}${']'.repeat(2000)}`;
  test.each<[string, string, RegExp]>([
    ['a cut document', '{"date":"2026-11-27","tags":[', /cannot import .*2026-11-27.json: it is cut short/],
    ['an empty one', '', /it is cut short/],
    ['a list that is gone', '{"a/b":"x"}', /\/tags is not there$/m],
    ['a list that is none', '{"tags":{},"a/b":"x"}', /\/tags is no list/],
    ['a value that is gone', '{"tags":[1]}', /\/a~1b is not there, for tag.from_document of item 0/],
    [
      'a value that no column holds',
      '{"tags":[{"a":1}],"a/b":"x"}',
      /a column cannot hold \{"a":1\}, for tag.value of item 0/,
    ],
    ['an integer of 65 bits', '{"tags":[9223372036854775808],"a/b":"x"}', /needs more than 64 bits/],
    // Which takes minutes to be made a number of, and would be asked for by whoever can write a document.
    [
      'an integer of 40 MB',
      `{"tags":[${'7'.repeat(40_000_000)}],"a/b":"x"}`,
      /^[^]{0,600}needs more than 64 bits/,
    ],
    ['a number beyond any', '{"tags":[1e999],"a/b":"x"}', /beyond any REAL/],
    ['half a surrogate', '{"tags":["\\ud800"],"a/b":"x"}', /half of a surrogate pair/],
    ['a byte order mark', '\ufeff{"tags":[]}', /byte order mark/],
    ['a key twice', '{"tags":[],"tags":[]}', /twice/],
    ['a level too many', deep, /more than 1000 levels/],
    ['__proto__', '{"__proto__":{"tags":[]}}', /\/tags is not there/],
    ['bytes that are none', '{"tags":[{"$base64":"*"}],"a/b":"x"}', /is not base64/],
  ])('%s', async (_, text, says) => {
    await using world = new ImportWorld(mapped, { rows: mapping, schema: tagSchema });
    writeFileSync(join(world.documents, '2026-11-26.json'), '{"tags":[],"a/b":"y"}');
    await world.run('db-export-json', ['import']);
    const before = readFileSync(world.mirror);
    writeFileSync(join(world.documents, '2026-11-26.json'), '{"tags":[1,2,3],"a/b":"y"}');
    writeFileSync(join(world.documents, '2026-11-27.json'), text);
    const failed = await world.run('db-export-json', ['import']);
    expect(failed.exitCode, failed.stderr).toBe(65);
    expect(failed.stderr).toMatch(says);
    expect(readFileSync(world.mirror).equals(before)).toBe(true);
    const to = join(world.home, 'new.db');
    expect(await world.run('db-export-json', ['import', '--to', to])).toMatchObject({ exitCode: 65 });
    expect(readdirSync(world.home).filter((name) => /^new|^\.holdfast/.test(name))).toEqual([]);
  });

  test.each<[string, string, number, RegExp]>([
    [
      'a table that is missing',
      'DROP TABLE tag; CREATE TABLE other (x)',
      78,
      /the table tag: it is not there/,
    ],
    ['a column that is missing', 'ALTER TABLE tag DROP COLUMN kind', 78, /has no column kind/],
    [
      'a constraint',
      'DROP TABLE tag; CREATE TABLE tag (date, value NOT NULL, place, kind, from_document)',
      65,
      /NOT NULL constraint failed: tag.value/,
    ],
    [
      'a reference to nothing',
      'DROP TABLE tag; CREATE TABLE k (id PRIMARY KEY); CREATE TABLE tag (date, value, place, kind REFERENCES k, from_document)',
      65,
      /refers to one of k that is not there/,
    ],
  ])('%s', async (_, sql, exitCode, says) => {
    await using world = new ImportWorld(mapped, { rows: mapping, schema: tagSchema });
    writeFileSync(join(world.documents, '2026-11-26.json'), '{"tags":[null],"a/b":"y"}');
    execute(world.mirror, `${tagSchema}; ${sql}`);
    const before = readFileSync(world.mirror);
    const failed = await world.run('db-export-json', ['import']);
    expect(failed.exitCode, failed.stderr).toBe(exitCode);
    expect(failed.stderr).toMatch(says);
    expect(readFileSync(world.mirror).equals(before)).toBe(true);
  });

  test.each<[string, string[], string, number, RegExp]>([
    ['no document', ['import'], '', 66, /there is no document/],
    ['no schema', ['import'], 'run', 78, /schema = "\/path\/to\/schema.sql"/],
    ['a new file that exists', ['import', '--to', '~/app/bookings.db'], 'run', 73, /it exists already/],
  ])('%s', async (_, args, first, exitCode, says) => {
    await using world = new ImportWorld(mapped, { rows: mapping });
    if (first !== '') await world.run('db-export-json', [first]);
    const failed = await world.run(
      'db-export-json',
      args.map((arg) => arg.replace('~', world.home)),
    );
    expect(failed.exitCode, failed.stderr).toBe(exitCode);
    expect(failed.stderr).toMatch(says);
    expect(existsSync(world.mirror)).toBe(false);
  });

  test.each([
    "ATTACH '~/made.db' AS x; CREATE TABLE x.t (a)",
    "VACUUM INTO '~/made.db'",
    'CREATE TABLE t AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n',
    'CREATE TABLE t (a); INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n',
    'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); UPDATE sqlite_sequence SET seq = (SELECT 1)',
    "/* CREATE */ DETACH x -- '",
    "PRAGMA user_version = 1; SELECT ';'; CREATE TABLE t (a)",
    "CREATE TRIGGER x AFTER INSERT ON child BEGIN SELECT 1; END; ATTACH '~/made.db' AS y",
  ])('a schema that lies among the documents, and is more than one: %s', async (sql) => {
    await using world = new ImportWorld('tables = ["child"]');
    await world.run('db-export-json', []);
    const schema = `${readFileSync(join(world.documents, 'schema.sql'), 'utf8')}${sql.replaceAll('~', world.home)};`;
    writeFileSync(join(world.documents, 'schema.sql'), schema);
    const failed = await world.run('db-export-json', ['import']);
    expect(failed.exitCode, failed.stderr).toBe(78);
    expect(failed.stderr).toContain('does more than make a part of an empty database');
    expect(readdirSync(world.home).filter((name) => /^(made|mirror)/.test(name))).toEqual([]);
  });

  test('the live database of the app is never imported into', async () => {
    await using world = new ImportWorld(mapped, { rows: mapping });
    world.configure({
      app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(world.documents)}\n${mapped}\n[apps.bookings.import]\ndatabase = ${JSON.stringify(world.database)}\n${mapping}`,
    });
    expect(await world.run('db-export-json', ['import'])).toMatchObject({ exitCode: 78 });
  });

  test.each<[string, (database: string, mirror: string) => void]>([
    ['a link', symlinkSync],
    ['a second name', linkSync],
  ])('nor one of another app, by %s', async (_, link) => {
    await using world = new ImportWorld(mapped, { rows: mapping, schema: tagSchema });
    await world.run('db-export-json', []);
    const other = join(world.home, 'other.db');
    execute(other, tagSchema);
    world.use(mapped, `${mapping}\n[apps.other]\ndatabase = ${JSON.stringify(other)}`);
    const before = readFileSync(other);
    link(other, world.mirror);
    const failed = await world.run('db-export-json', ['import', '--app', 'bookings']);
    expect(failed, failed.stderr).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining('it is the live database of other') as string,
    });
    expect(readFileSync(other).equals(before)).toBe(true);
  });
});

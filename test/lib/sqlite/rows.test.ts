// Rows as JSON documents: of one instant, exact to the byte, whatever way they are read.
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Recipe, Rows } from '../../../lib/export/rows.ts';
import type { JsonStyle } from '../../../lib/export/style.ts';
import { openRows } from '../../../lib/sqlite/rows/session.ts';
import { scratch } from '../../support/scratch.ts';

const lines: JsonStyle = { indent: 0, ascii: false, finalNewline: true };

/** A database made of SQL. */
function databaseOf(sql: string, directory = scratch()): string {
  const path = join(directory, 'app.db');
  const database = new Database(path);
  database.exec(sql);
  database.close();
  return path;
}

async function documentOf(path: string, recipe: Recipe, style = lines): Promise<string> {
  await using rows = await openRows(path);
  return await documentFrom(rows, recipe, style);
}

async function documentFrom(rows: Rows, recipe: Recipe, style = lines): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of rows.document(recipe, style)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const table = (name: string, format: 'json' | 'ndjson' = 'ndjson'): Recipe => ({
  kind: 'table',
  table: name,
  format,
});

const odd = `
  INSERT INTO t VALUES (1, 9223372036854775807), (2, -9223372036854775808), (3, 0.1), (4, 1e999), (5, -1e999), (6, 3.0),
    (7, NULL), (8, ''), (9, 'a' || char(0) || 'b'), (10, x'00ff'), (11, CAST(x'61ff62' AS TEXT)), (12, char(0xfffd)),
    (13, '"\\' || char(10) || char(127)), (14, json('{"a":1}')), (15, 'Zürich 😀'), (16, -0.0), (17, x'');
`;
const oddLines = `{"id":1,"v":9223372036854775807}
{"id":2,"v":-9223372036854775808}
{"id":3,"v":0.1}
{"id":4,"v":{"$real":"Infinity"}}
{"id":5,"v":{"$real":"-Infinity"}}
{"id":6,"v":3.0}
{"id":7,"v":null}
{"id":8,"v":""}
{"id":9,"v":"a\\u0000b"}
{"id":10,"v":{"$base64":"AP8="}}
{"id":11,"v":{"$text":"Yf9i"}}
{"id":12,"v":"\ufffd"}
{"id":13,"v":"\\"\\\\\\n\u007f"}
{"id":14,"v":"{\\"a\\":1}"}
{"id":15,"v":"Zürich 😀"}
{"id":16,"v":-0.0}
{"id":17,"v":{"$base64":""}}
`;

describe('a table', () => {
  test.each([
    ['with a rowid', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v)'],
    ['without one', 'CREATE TABLE t (id INTEGER PRIMARY KEY, v) WITHOUT ROWID'],
  ])('%s has every value as it is', async (_, schema) => {
    expect(await documentOf(databaseOf(`${schema};${odd}`), table('t'))).toBe(oddLines);
  });

  test('is the same whether it is read in batches or row by row', async () => {
    const columns = 'id INTEGER PRIMARY KEY, a, b, "; DROP TABLE t --", "it\'s"';
    const rows = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
      INSERT INTO t SELECT i * 7 - 9000, CASE i % 5 WHEN 0 THEN i WHEN 1 THEN i / 3.0 WHEN 2 THEN 'ä' || i
        WHEN 3 THEN CAST(i AS BLOB) END, iif(i = 1500, CAST(x'fe' AS TEXT), i), i % 2 * 0.5, NULL FROM n`;
    const batched = await documentOf(databaseOf(`CREATE TABLE t (${columns}); ${rows}`), table('t'));
    const single = await documentOf(
      databaseOf(`CREATE TABLE t (${columns}) WITHOUT ROWID; ${rows}`),
      table('t'),
    );
    expect(batched.split('\n')).toHaveLength(2501);
    expect(batched).toBe(single);
    const ascii = { ...lines, ascii: true };
    const inAscii = await documentOf(databaseOf(`CREATE TABLE t (${columns}); ${rows}`), table('t'), ascii);
    expect(inAscii).toMatch(/^[ -~\n]*$/);
    expect(inAscii.replaceAll('\\u00e4', 'ä')).toBe(batched);
  });

  test('of any values is the same in both ways', async () => {
    const few = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom(1, 10, 100, 1e3, 1e4, 1e5, 7));
    const cell = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double({ noNaN: true }),
      few.map(([whole, part]) => whole / part),
      fc.constantFrom(0, -0, 99999999.9999, 1e8, 1e-5, 0.00005, 12345678.12345, 1.15, 2.675, -1.005),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 9 }),
      fc.constant(null),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 60 }),
        async (rows) => {
          const paths = ['', 'WITHOUT ROWID'].map((kind) => {
            const path = databaseOf(
              `CREATE TABLE t (id INTEGER PRIMARY KEY, a, b TEXT, c VARCHAR(9)) ${kind}`,
            );
            const database = new Database(path);
            const insert = database.prepare('INSERT INTO t VALUES (?, ?, ?, ?)');
            for (const [index, row] of rows.entries()) insert.run(BigInt(index), ...row);
            database.close();
            return path;
          });
          const [batched, single] = await Promise.all(paths.map((path) => documentOf(path, table('t'))));
          expect(batched).toBe(single);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('with the largest number there is ends', async () => {
    const path = databaseOf(
      'CREATE TABLE t (v); INSERT INTO t (rowid, v) VALUES (9223372036854775807, 1), (-9223372036854775808, 2)',
    );
    expect(await documentOf(path, table('t'))).toBe('{"v":2}\n{"v":1}\n');
  });

  test('of three hundred columns, and one whose columns have all the names of the rowid', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `c${index}`);
    const wide = databaseOf(
      `CREATE TABLE t (${names.join()}); INSERT INTO t (c299) VALUES (CAST(x'80' AS TEXT))`,
    );
    expect(await documentOf(wide, table('t'))).toMatch(/^\{"c0":null,.*,"c299":\{"\$text":"gA=="\}\}\n$/);
    const hidden = databaseOf(
      'CREATE TABLE t (rowid, _rowid_, oid); INSERT INTO t VALUES (2, 1, 1), (1, 2, 2)',
    );
    expect(await documentOf(hidden, table('t'))).toBe(
      '{"rowid":1,"_rowid_":2,"oid":2}\n{"rowid":2,"_rowid_":1,"oid":1}\n',
    );
  });

  test('with generated columns, a view and a full-text index', async () => {
    const path =
      databaseOf(`CREATE TABLE t (a, b AS (json(a)), c AS (a || '!') STORED); INSERT INTO t VALUES ('[1]');
      CREATE VIEW w AS SELECT a || 'x' AS x FROM t; CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES ('some words')`);
    expect(await documentOf(path, table('t'))).toBe('{"a":"[1]","b":"[1]","c":"[1]!"}\n');
    expect(await documentOf(path, table('w'))).toBe('{"x":"[1]x"}\n');
    expect(await documentOf(path, table('f'))).toBe('{"rowid":1,"body":"some words"}\n');
    await using rows = await openRows(path);
    expect(await rows.tables()).toEqual({ data: ['f', 't'], unreadable: [] });
    const schema = await documentOf(path, { kind: 'schema' });
    expect(schema).toMatch(/^CREATE TABLE t .*CREATE VIRTUAL TABLE f.*CREATE VIEW w [^;]*;\n$/s);
    expect(schema).not.toContain('f_data');
    new Database(':memory:').exec(schema);
  });

  test('is a list, empty or not, with any indent', async () => {
    const path = databaseOf('CREATE TABLE t (a); CREATE TABLE e (a); INSERT INTO t VALUES (1), (2.5)');
    expect(await documentOf(path, table('t', 'json'))).toBe('[\n{"a":1},\n{"a":2.5}\n]\n');
    expect(await documentOf(path, table('t', 'json'), { indent: 2, ascii: false, finalNewline: false })).toBe(
      '[\n  {\n    "a": 1\n  },\n  {\n    "a": 2.5\n  }\n]',
    );
    expect(await documentOf(path, table('e', 'json'))).toBe('[]\n');
    expect(await documentOf(path, table('e'))).toBe('');
    await expect(documentOf(path, table('none'))).rejects.toMatchObject({ kind: 'config' });
  });
});

const days = `CREATE TABLE visit (date, tag); CREATE TABLE note (day, text);
    INSERT INTO visit VALUES ('2026-11-27', 'wa1'), ('2026-11-26', 'wa2'); INSERT INTO note VALUES ('2026-11-27', 'x')`;

describe('a day', () => {
  let rows: Rows;
  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
    rows = await openRows(databaseOf(days, directory));
    return async () => {
      await rows[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    };
  });

  test('is made of the rows of its tables', async () => {
    const recipe: Recipe = {
      kind: 'day',
      day: '2026-11-27',
      tables: [
        { table: 'visit', column: 'date' },
        { table: 'note', column: 'DAY' },
      ],
    };
    const document = await documentFrom(rows, recipe, {
      indent: 1,
      ascii: false,
      finalNewline: false,
    });
    expect(document).toBe(JSON.stringify(JSON.parse(document), undefined, 1));
    expect(JSON.parse(document)).toEqual({
      date: '2026-11-27',
      visit: [{ date: '2026-11-27', tag: 'wa1' }],
      note: [{ day: '2026-11-27', text: 'x' }],
    });
    await expect(
      documentFrom(rows, { ...recipe, tables: [{ table: 'visit', column: 'no' }] }),
    ).rejects.toMatchObject({ kind: 'config', message: expect.stringContaining('no column no') as string });
  });

  const query = (sql: string) => documentFrom(rows, { kind: 'query', sql, day: '2026-11-27' });

  test('is what a query makes of it, in the style', async () => {
    expect(
      await query("SELECT json_object('d', :day, 'n', (SELECT count(*) FROM visit WHERE date = @day)) -- x"),
    ).toBe('{"d":"2026-11-27","n":1}\n');
    expect(await query("SELECT '[1.50, 12345678901234567890]'")).toBe('[1.50,12345678901234567890]\n');
    expect(await query('SELECT \'"\' || char(0xfffd) || \'"\' AS "odd ""name"')).toBe('"\ufffd"\n');
  });

  test.each<[string, string, string, RegExp]>([
    ['no SQL', 'SELEC', 'config', /cannot run the document query: near "SELEC": syntax error/],
    ['no table', 'SELECT * FROM nowhere', 'config', /no such table: nowhere/],
    ['two statements', 'SELECT 1; SELECT 2', 'config', /more than one statement/],
    ['nothing to return', 'PRAGMA user_version = 5', 'config', /returns no rows/],
    ['a write', 'DELETE FROM visit RETURNING tag', 'config', /would write/],
    ['another parameter', 'SELECT :week', 'config', /Missing named parameter "week"/],
    ['an anonymous parameter', 'SELECT ?', 'config', /cannot run the document query/],
    ['no row', 'SELECT 1 WHERE 0', 'damaged', /returns no row$/],
    ['two rows', "SELECT '1' UNION ALL SELECT '2'", 'damaged', /more than one row/],
    ['two columns', "SELECT '1', '2'", 'damaged', /returns 2 columns/],
    ['NULL', 'SELECT NULL', 'damaged', /returns NULL/],
    ['a number', 'SELECT 1', 'damaged', /returns no text/],
    ['no JSON', "SELECT 'abc'", 'damaged', /no JSON: a value is missing in line 1/],
    ['a key twice', `SELECT '{"a":1,"a":2}'`, 'damaged', /the key "a" twice/],
    ['no UTF-8', `SELECT CAST(x'22ff22' AS TEXT)`, 'damaged', /not valid UTF-8/],
    ['an error half-way', "SELECT json('[')", 'config', /malformed JSON/],
  ])('with %s is refused', async (_, sql, kind, says) => {
    const failed = query(sql);
    await expect(failed).rejects.toMatchObject({ kind });
    await expect(failed).rejects.toThrow(says);
  });
});

test('all that is read is of one instant, whatever is written meanwhile', async () => {
  const path = databaseOf('PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)');
  await using rows = await openRows(path);
  expect(await rows.query('SELECT count(*) FROM t', 'a query')).toEqual([[1n]]);
  const writer = new Database(path);
  writer.exec('INSERT INTO t VALUES (2); CREATE TABLE u (v)');
  writer.close();
  expect(await rows.query('SELECT count(*) FROM t', 'a query')).toEqual([[1n]]);
  expect((await rows.tables()).data).toEqual(['t']);
  await using later = await openRows(path);
  expect((await later.tables()).data).toEqual(['t', 'u']);
});

test('a query without an end is ended by the signal', async () => {
  const path = databaseOf('CREATE TABLE t (v)');
  const stop = new AbortController();
  await using rows = await openRows(path, { signal: stop.signal });
  await rows.tables();
  const endless = rows.query(
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    'it',
  );
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(endless).rejects.toBe(reason);
});

test('a document that nobody takes to its end holds nothing up', async () => {
  const path =
    databaseOf(`CREATE TABLE t (v); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO t SELECT hex(zeroblob(1000)) FROM n`);
  await using rows = await openRows(path);
  for await (const chunk of rows.document(table('t'), lines)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
});

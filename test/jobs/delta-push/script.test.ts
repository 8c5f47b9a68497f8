// What waits as a script of SQL, run on a server that has no receiver: its database becomes the same, script after script.
import Database from 'better-sqlite3';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqlScript, Unwritable } from '../../../lib/delta/sql-script.ts';
import { ExportWorld } from '../../support/export-world.ts';

const tables = `CREATE TABLE day(id INTEGER PRIMARY KEY, date TEXT); CREATE TABLE "odd ""name"(a TEXT NOT NULL, b NOT NULL, v, PRIMARY KEY(a, b));
  CREATE TABLE visit(id INTEGER PRIMARY KEY, day_id REFERENCES day(id), tag)`;

class Scripted extends ExportWorld {
  constructor() {
    super('', tables);
    this.configure({ app: '[apps.bookings.delta]\nto = "http://127.0.0.1:9"' });
  }

  rows(path: string): unknown[] {
    const database = new Database(path, { readonly: true });
    const all = ['day', 'visit', '"odd ""name"'].map((table) =>
      database
        .prepare(
          `SELECT *, typeof(${table === 'day' ? 'date' : table === 'visit' ? 'tag' : 'v'}) FROM ${table} ORDER BY 1, 2`,
        )
        .safeIntegers()
        .raw()
        .all(),
    );
    database.close();
    return all;
  }
}

test('makes another database the same, and again after changes', async () => {
  await using world = new Scripted();
  const target = join(world.home, 'server.db');
  const apply = (script: string) => {
    const database = new Database(target);
    database.pragma('foreign_keys = OFF');
    database.exec(readFileSync(script, 'utf8'));
    database.close();
  };
  const server = new Database(target);
  server.pragma('foreign_keys = OFF');
  server.exec(`${tables}; INSERT INTO visit VALUES(99, 9, 'a stray')`);
  server.close();
  world.change(`INSERT INTO day VALUES(1, '2026-11-26'); INSERT INTO visit VALUES(1, 1, 'it''s'), (2, 1, x'00ff'), (3, 1, 9007199254740993), (4, 1, 0.1 + 0.2), (5, 1, 9e999), (6, 1, 2.0), (7, 1, CAST(x'ff' AS TEXT)), (8, 1, 'a' || char(0) || 'b');
    INSERT INTO "odd ""name" VALUES('x', 1, NULL), ('x', 2, 'y')`);
  await world.run('delta-push', ['install']);
  for (let number = 1; ; number += 1) {
    const script = join(world.home, `${number}.sql`);
    const { json } = await world.runJson('delta-push', ['export-sql', script]);
    if (!existsSync(script)) break;
    expect(json).toMatchObject({ ok: true });
    apply(script);
    apply(script); // twice is once
  }
  expect(world.rows(target)).toEqual(world.rows(world.database));
  world.change(
    `DELETE FROM visit WHERE id < 3; UPDATE day SET date = '2026-11-27'; UPDATE "odd ""name" SET v = v || 'z'`,
  );
  const script = join(world.home, 'more.sql');
  expect(await world.run('delta-push', ['export-sql', script, '--keep'])).toMatchObject({
    stdout: expect.stringMatching(/they still wait/) as string,
  });
  expect(await world.run('delta-push', ['export-sql', script])).toMatchObject({ exitCode: 73 });
  writeFileSync(join(world.home, 'kept.sql'), readFileSync(script));
  const second = join(world.home, 'second.sql');
  expect((await world.run('delta-push', ['export-sql', second])).exitCode).toBe(0);
  expect(readFileSync(second, 'utf8')).toBe(readFileSync(script, 'utf8'));
  apply(second);
  expect(world.rows(target)).toEqual(world.rows(world.database));
});

test('rows travel once more when that is asked for', async () => {
  await using world = new Scripted();
  world.change(`INSERT INTO day VALUES(1, '2026-11-26'); INSERT INTO visit VALUES(1, 1, 'a')`);
  await world.run('delta-push', ['install']);
  for (let number = 1; number < 9; number += 1)
    await world.run('delta-push', ['export-sql', join(world.home, `${number}.sql`)]);
  expect((await world.runJson('delta-push', ['resync', 'VISIT'])).json).toMatchObject({
    result: { tables: ['visit'] },
  });
  const script = join(world.home, 'again.sql');
  await world.run('delta-push', ['export-sql', script]);
  expect(readFileSync(script, 'utf8')).toBe(
    `BEGIN;\nDELETE FROM "visit";\nINSERT INTO "visit" ("id", "day_id", "tag") VALUES (1, 1, 'a') ON CONFLICT ("id") DO UPDATE SET "day_id" = excluded."day_id", "tag" = excluded."tag";\nCOMMIT;\n`,
  );
  world.change(`INSERT INTO visit VALUES(2, 1, zeroblob(17000000))`);
  await world.run('delta-push', ['resync', 'VISIT']);
  // The changes first, of which nothing travels, then the walk, which leaves alone what is there with that key.
  const scripts = ['changes', 'walk'].map((name) => join(world.home, `${name}.sql`));
  for (const path of scripts) await world.run('delta-push', ['export-sql', path]);
  expect(scripts.map((path) => readFileSync(path, 'utf8')).join('')).toContain(
    'DELETE FROM "visit" WHERE NOT ("id" = 2);\n',
  );
  expect(await world.run('delta-push', ['resync', 'nothing'])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringMatching(/visit/) as string,
  });
  expect(await world.run('delta-push', ['resync', '--day', '27.11.'])).toMatchObject({ exitCode: 64 });
});

test.each<[string, Parameters<typeof sqlScript>[0]['changes'][number], string | RegExp]>([
  [
    'bytes',
    { kind: 'upsert', table: 0, cells: [1n, new Uint8Array([0, 255])] },
    String.raw`VALUES (1, '\x00ff'::bytea)`,
  ],
  ['infinity', { kind: 'upsert', table: 0, cells: [1n, -Infinity] }, `'-Infinity'::float8`],
  ['a NUL', { kind: 'upsert', table: 0, cells: [1n, 'a\0b'] }, /NUL/],
  ['broken text', { kind: 'upsert', table: 0, cells: [1n, { text: new Uint8Array([255]) }] }, /not UTF-8/],
  ['a tombstone', { kind: 'tombstone', table: 0, key: [1n] }, `DELETE FROM "t" WHERE "id" = 1;`],
])('PostgreSQL is told %s, or it is refused', (_, change, expected) => {
  const columns = ['id', 'v'].map((name) => ({ name, declared: '', notNull: false }));
  const piece = {
    changes: [change],
    tables: [{ name: 't', columns, key: ['id'], identity: 'primary' as const }],
    toSeq: 1,
    range: undefined,
  };
  const script = () => [...sqlScript(piece, 'postgres')].join('\n');
  if (typeof expected === 'string') expect(script()).toContain(expected);
  else {
    expect(script).toThrow(Unwritable);
    expect(script).toThrow(expected);
  }
});

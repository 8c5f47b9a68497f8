// Triggers and tables of ours in an app's database: every other command takes the database for what it was.
import Database from 'better-sqlite3';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExportWorld } from '../../support/export-world.ts';

class Watched extends ExportWorld {
  constructor() {
    super(
      'file = "{table}.json"\nformat = "json"',
      'CREATE TABLE visit(id INTEGER PRIMARY KEY, tag UNIQUE); CREATE TABLE bare(a)',
    );
    this.configure({
      app: `[apps.bookings.export]\ndirectory = ${JSON.stringify(this.documents)}\nfile = "{table}.json"\n[apps.bookings.delta]\nto = "http://127.0.0.1:9"`,
    });
  }

  all(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.documents).map((name) => [name, readFileSync(join(this.documents, name), 'utf8')]),
    );
  }

  names(like: string): unknown[] {
    const database = new Database(this.database, { readonly: true });
    const found = database
      .prepare('SELECT name FROM sqlite_schema WHERE name LIKE ? ORDER BY name')
      .pluck()
      .all(like);
    database.close();
    return found;
  }
}

const series = (count: number) =>
  `WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${count}) INSERT INTO visit SELECT value, value FROM n`;

test('documents, and what is said of them, are as they were', async () => {
  await using world = new Watched();
  world.change(series(5));
  expect((await world.run('db-export-json', ['run'])).exitCode).toBe(0);
  const before = world.all();
  expect(Object.keys(before).sort()).toEqual(['bare.json', 'schema.sql', 'visit.json']);
  expect((await world.run('delta-push', ['install'])).exitCode).toBe(1); // of `bare` it says that it is compared
  expect(world.names('%holdfast%')).toContain('_holdfast_log');
  expect(await world.run('db-export-json', ['check'])).toMatchObject({ exitCode: 0 });
  expect(await world.run('db-export-json', ['run'])).toMatchObject({ exitCode: 0 });
  expect(world.all()).toEqual(before);
});

test('a log that was worked off, and triggers that were taken away, make no backup suspect', async () => {
  await using world = new Watched();
  world.change(series(300));
  await world.run('delta-push', ['install']);
  world.change('UPDATE visit SET tag = -id; '.repeat(30));
  expect((await world.run('db-backup', ['run'])).exitCode).toBe(0);
  world.change('DELETE FROM _holdfast_log WHERE seq < (SELECT max(seq) FROM _holdfast_log)');
  expect(await world.run('db-backup', ['run'])).toMatchObject({
    exitCode: 0,
    stderr: expect.not.stringMatching(/suspect/) as string,
  });
  expect((await world.run('delta-push', ['uninstall'])).exitCode).toBe(0);
  expect(world.names('%holdfast%')).toEqual([]);
  expect(await world.run('db-backup', ['run'])).toMatchObject({
    exitCode: 0,
    stderr: expect.not.stringMatching(/suspect/) as string,
  });
  expect(await world.run('restore', ['drill'])).toMatchObject({ exitCode: 0 });
});

test('installing again finds all of it whole, and a plan changes nothing', async () => {
  await using world = new Watched();
  const planned = await world.run('delta-push', ['install', '--dry-run']);
  expect(planned.stdout).toMatch(/CREATE TRIGGER _holdfast_\d_ai AFTER INSERT ON "visit"/);
  expect(world.names('%holdfast%')).toEqual([]);
  await world.run('delta-push', ['install']);
  const installed = world.names('%');
  expect((await world.run('delta-push', ['install'])).stdout).toMatch(/were there already, and are whole/);
  expect(world.names('%')).toEqual(installed);
  const status = await world.runJson('delta-push', ['status']);
  expect(status).toMatchObject({
    json: {
      result: {
        apps: [
          {
            value: {
              waiting: 0,
              tables: [
                { table: 'bare', by: 'diff' },
                { table: 'visit', by: 'log' },
              ],
            },
          },
        ],
      },
    },
  });
  expect((await world.run('delta-push', ['uninstall'])).exitCode).toBe(0);
  expect(await world.run('delta-push', ['uninstall'])).toMatchObject({
    exitCode: 66,
    stderr: expect.stringMatching(/none of ours is there/) as string,
  });
  expect(await world.run('delta-push', ['run'])).toMatchObject({
    exitCode: 66,
    stderr: expect.stringMatching(/no triggers note it.*\n.*delta-push install/) as string,
  });
});

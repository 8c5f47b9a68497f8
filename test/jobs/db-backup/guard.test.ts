// What makes a backup suspect, what does not, and how a person takes one finding for good (P3).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

interface Value {
  backup: string;
  suspect: string[];
  findings?: string[];
  latest?: string;
}

function write(world: TypedWorld, sql: string): void {
  const database = new Database(world.database);
  database.unsafeMode(true).pragma('writable_schema = ON');
  database.exec(sql);
  database.close();
}

async function night(
  world: TypedWorld,
  ...words: string[]
): Promise<{ exitCode: number | null; hint: string } & Value> {
  const { exitCode, json } = await world.runJson('db-backup', ['run', ...words]);
  const { value } = json.result.apps[0] as { value: Value };
  const finding = json.findings?.find(({ subject }: { subject: string }) => subject === 'bookings') as
    { hint?: string } | undefined;
  return { exitCode, hint: finding?.hint ?? '', ...value };
}

async function bookedWorld(app = ''): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ app, top: 'clock = "trusted"' });
  makeBookings(world.database);
  write(
    world,
    `CREATE TABLE job_queue (a); CREATE TABLE draft (a); CREATE TABLE helper (a);
     WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO job_queue SELECT i FROM n;
     INSERT INTO draft SELECT a FROM job_queue`,
  );
  expect((await night(world)).suspect).toEqual([]);
  return world;
}

test('an app that works a queue off and drops a helper without rows goes on as ever', async () => {
  await using world = await bookedWorld();
  write(world, 'DELETE FROM job_queue; DROP TABLE helper; ALTER TABLE draft RENAME TO sketch');
  expect(await night(world)).toMatchObject({ exitCode: 0, suspect: [], latest: 'latest/bookings.db' });
});

test('a table that the configuration ignores may go', async () => {
  await using world = await bookedWorld('guard = { ignore = ["dra*"] }');
  write(world, 'DROP TABLE draft');
  expect(await night(world)).toMatchObject({ exitCode: 0, suspect: [] });
});

test('one finding of one app is accepted, and stays accepted', async () => {
  await using world = await bookedWorld();
  write(world, 'DROP TABLE draft; DELETE FROM payment');
  const first = await night(world);
  expect(first).toMatchObject({
    exitCode: 1,
    suspect: [/rows/, /draft is gone/, /payment is empty/].map(matching),
  });
  expect(first.hint).toMatch(/db-backup run --accept-shrink --app bookings --config \S+holdfast\.toml$/);
  const second = await night(world, '--accept', 'draft');
  expect(second).toMatchObject({ exitCode: 1, suspect: [/rows/, /payment is empty/].map(matching) });
  expect(second.latest).toBeUndefined();
  const third = await night(world); // what was accepted is not told again, and nothing else was
  expect(third.suspect).toEqual(second.suspect);
  expect(await night(world, '--accept', 'pay*')).toMatchObject({ exitCode: 1, suspect: [matching(/rows/)] });
  expect(await night(world, '--accept', 'rows')).toMatchObject({ exitCode: 0, latest: 'latest/bookings.db' });
  expect(await night(world)).toMatchObject({ exitCode: 0, suspect: [] });
});

test('nights of one suspect database take the room of one, and each tells since when nothing is pruned', async () => {
  await using world = await bookedWorld();
  const [good] = world.stored();
  write(world, 'DELETE FROM payment');
  const first = await night(world);
  const stored = world.stored();
  expect(first.hint).toContain(`nothing is pruned since ${good}: `);
  expect(await night(world)).toMatchObject({
    exitCode: 1,
    backup: first.backup,
    suspect: first.suspect,
    hint: first.hint,
  });
  expect(world.stored()).toEqual(stored);
  const { stdout } = await world.run('db-backup', ['run']);
  expect(stdout).toMatch(/: db-backup run --accept-shrink --app bookings --config \S+holdfast\.toml$/m);
  write(world, 'DELETE FROM booking WHERE id = 1');
  expect((await night(world)).backup).not.toBe(first.backup);
});

test('a database at odds with itself is kept, replaces nothing, restores, and is accepted', async () => {
  await using world = await bookedWorld();
  const latest = () => readFileSync(join(world.store, 'latest/bookings.db'));
  const good = latest();
  write(
    world,
    `UPDATE draft SET a = NULL WHERE a = 7;
     UPDATE sqlite_schema SET sql = 'CREATE TABLE draft (a NOT NULL)' WHERE name = 'draft'`,
  );
  const found = ['NULL value in draft.a'];
  const first = await night(world);
  expect(first).toMatchObject({ exitCode: 1, suspect: [`integrity check: ${found[0]}`], findings: found });
  expect(first.hint).toMatch(/db-backup run --accept integrity --app bookings/);
  expect(latest()).toEqual(good);
  expect((await world.run('db-backup', ['upload'])).exitCode).toBe(73);

  const restored = join(world.home, 'restored.db');
  const words = ['run', first.backup, '--to', restored, '--yes'];
  expect((await world.run('restore', words)).exitCode).toBe(0);
  expect(
    (await world.run('restore', [...words.slice(0, 3), `${restored}2`, '--recheck', '--yes'])).exitCode,
  ).toBe(0);
  expect(readFileSync(restored)).toEqual(readFileSync(join(world.store, first.backup)));
  expect((await world.run('db-backup', ['verify', first.backup])).exitCode).toBe(0);

  expect((await night(world)).suspect).toEqual(first.suspect);
  expect(await night(world, '--accept', 'integrity')).toMatchObject({
    exitCode: 0,
    suspect: [],
    findings: found,
  });
  expect(latest()).not.toEqual(good);
  expect(await night(world)).toMatchObject({ exitCode: 0, suspect: [], findings: found });
  write(
    world,
    "UPDATE sqlite_schema SET sql = replace(sql, 'amount INTEGER', 'amount TEXT') WHERE name = 'payment'",
  );
  expect((await night(world)).suspect).toEqual([matching(/value in payment\.amount/)]);
});

function matching(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string;
}

// What a run leaves for alert-send (A1), and nothing where nobody is to be told.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spooled } from '../../support/spooled.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

function typedWorld(): TypedWorld {
  return new TypedWorld('2026-11-20T02:05:13Z');
}

function alertsWorld(more: { apps?: string } = {}): TypedWorld {
  const world = typedWorld();
  world.configure({ ...more, top: 'clock = "trusted"\n[alerts.slack]' });
  return world;
}

test('a run that fails says so, with what a person needs', async () => {
  await using world = alertsWorld();
  makeBookings(world.database);
  expect((await world.run('db-backup', [])).exitCode).toBe(0);
  rmSync(world.store, { recursive: true });
  const { exitCode, json } = await world.runJson('db-backup', []);
  expect(exitCode).toBe(69);
  const [good, bad] = spooled(world);
  expect(good).toMatchObject({
    format: 'holdfast-spool',
    version: 1,
    kind: 'run',
    check: 'db-backup',
    result: 'done',
  });
  expect(bad).toMatchObject({
    check: 'db-backup',
    result: 'failed',
    severity: 'warning',
    message: json.error.message,
    hint: json.error.hint,
    next: `db-backup test --config ${world.config}`,
    apps: ['bookings'],
    exit_code: 69,
    proves: ['db-backup-backup', 'db-backup-hourly', 'db-backup-upload', 'db-backup-prune'],
    protection: [{ app: 'bookings', backup: expect.stringMatching(/^backups\/bookings\//) }],
  });
  expect(bad?.run_id).toMatch(/^[0-9a-f]{32}$/);
});

test('a run of several apps names those that are hit', async () => {
  await using world = alertsWorld({ apps: '[apps.broken]\ndatabase = "/nowhere/x.db"' });
  makeBookings(world.database);
  expect((await world.run('db-backup', [])).exitCode).toBe(1);
  await world.run('db-backup', ['--app', 'bookings']);
  const [all, one] = spooled(world);
  expect(all).toMatchObject({
    check: 'db-backup',
    result: 'bad-news',
    apps: ['broken'],
    severity: 'critical',
    next: `db-backup list-backups --app broken --config ${world.config}`,
  });
  expect(all?.message).toMatch(/^broken: cannot read the database/);
  expect(one).toMatchObject({ check: 'db-backup@bookings', result: 'done' });
});

test('a run with bad news tells what is bad only, and that it cannot wait', async () => {
  await using world = alertsWorld();
  makeBookings(world.database);
  await world.run('db-backup', []);
  rmSync(world.database);
  makeBookings(world.database, { rows: 2 });
  expect((await world.run('db-backup', [])).exitCode).toBe(1);
  expect(spooled(world).at(-1)).toMatchObject({
    result: 'bad-news',
    severity: 'critical',
    message: expect.stringMatching(/^the backup backups\/\S+ is suspect: all tables together [^\n]*$/),
    hint: expect.stringContaining('db-backup run --accept-shrink --app '),
  });
});

test('a run that only looks, that is dry, that is typed wrong or of nobody leaves nothing', async () => {
  await using world = alertsWorld();
  makeBookings(world.database);
  await world.run('db-backup', ['run', '--dry-run']);
  await world.run('db-backup', ['info']);
  await world.run('db-backup', ['run', '--app', 'nobody']);
  await world.run('db-backup', ['run', '--app', '../../x']);
  await world.run('db-backup', ['frobnicate']);
  expect(existsSync(join(world.state, 'spool'))).toBe(false);
});

test('a run without alerts leaves what it left before, and prints what it printed', async () => {
  await using world = typedWorld();
  world.configure();
  makeBookings(world.database);
  expect((await world.run('db-backup', [])).exitCode).toBe(0);
  rmSync(world.store, { recursive: true });
  expect((await world.run('db-backup', [])).exitCode).toBe(69);
  expect(readdirSync(world.state).sort()).toEqual(
    ['ops.db', 'pending', 'scratch', 'stores'].filter((name) => existsSync(join(world.state, name))),
  );
  expect(existsSync(join(world.home, 'run/spool'))).toBe(false);
});

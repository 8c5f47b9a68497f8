// The copy that a nightly run leaves for the explorer: of the apps that it is to show, opened by anybody, and never at the cost
// of a backup.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, readBookings } from '../../support/world.ts';

const shown = '[explorer]\napps = ["bookings"]';
const copyOf = (world: TypedWorld) => join(world.state, 'explorer/bookings/bookings.db');

async function configured(options: { top?: string } = { top: '' }): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ apps: options.top ?? '' });
  makeBookings(world.database);
  return world;
}

test('is the database as it was backed up, without a log, and for the group to read', async () => {
  await using world = await configured({ top: shown });
  const umask = process.umask(0o077);
  try {
    expect(await world.run('db-backup', [])).toMatchObject({ exitCode: 0 });
  } finally {
    process.umask(umask);
  }
  const copy = copyOf(world);
  expect(readFileSync(copy)).toEqual(readFileSync(join(world.store, 'latest/bookings.db')));
  expect(readBookings(copy)).toEqual(readBookings(world.database));
  expect(readFileSync(copy).subarray(18, 20)).toEqual(Buffer.from([1, 1]));
  expect(statSync(copy).mode & 0o777).toBe(0o640);
  expect(readdirSync(dirname(copy))).toEqual(['bookings.db']);
});

test('is replaced by that of the next night, and not written again while nothing changes', async () => {
  await using world = await configured({ top: shown });
  await world.run('db-backup', []);
  const first = statSync(copyOf(world));
  await world.run('db-backup', []);
  expect(statSync(copyOf(world)).ino).toBe(first.ino);
  new Database(world.database).exec("UPDATE booking SET guest = 'another' WHERE rowid = 1").close();
  await world.run('db-backup', []);
  expect(statSync(copyOf(world)).ino).not.toBe(first.ino);
  expect(readBookings(copyOf(world))).toEqual(readBookings(world.database));
});

test('is left by no other command, and not where nobody asked for it', async () => {
  await using world = await configured({ top: shown });
  await world.run('db-backup', ['backup', 'by-hand']);
  await world.run('db-backup', ['run', '--dry-run']);
  expect(existsSync(copyOf(world))).toBe(false);
  await using other = await configured();
  await other.run('db-backup', []);
  expect(existsSync(join(other.state, 'explorer'))).toBe(false);
});

test('stays as it is when the database looks emptied', async () => {
  await using world = await configured({ top: shown });
  await world.run('db-backup', []);
  const before = readFileSync(copyOf(world));
  new Database(world.database).exec('DELETE FROM payment; DELETE FROM booking').close();
  expect(await world.run('db-backup', [])).toMatchObject({ exitCode: 1 });
  expect(readFileSync(copyOf(world))).toEqual(before);
});

test('that cannot be left is a warning, and the backup stands', async () => {
  await using world = await configured({ top: shown });
  mkdirSync(join(world.state, 'explorer'), { recursive: true });
  writeFileSync(join(world.state, 'explorer/bookings'), 'no directory');
  const { exitCode, stderr } = await world.run('db-backup', []);
  expect(exitCode).toBe(0);
  expect(stderr).toContain('bookings: the explorer goes on with its last copy: cannot ');
  expect(world.stored()).toHaveLength(3);
});

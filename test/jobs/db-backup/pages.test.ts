// An app whose backups cost what changed: what each command makes of it, in pages alone and beside whole files.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { TypedWorld } from '../../support/typed-world.ts';
import { type Json, makeBookings, readBookings, type World } from '../../support/world.ts';

const day = 24 * 3_600_000;

describe('an app in pages', () => {
  test('has a full, then increments, no latest copy, and nothing at all of what has not changed', async () => {
    await using world = pagesWorld('format = "pages"\nevery = "1h"');
    const first = await nightly(world);
    expect(first.stdout).toMatch(
      /^bookings: backed up as (\S+\.pages) \(a full, [\d.]+ kB\): 2 tables, 400 rows, integrity ok\nbookings: all pages were stored: it is the first one in pages\n/,
    );
    expect(world.stored().map(ending)).toEqual(['.pages', '.pages.json']);
    expect((await nightly(world)).stdout).toMatch(/^bookings: unchanged since \S+\.pages: 2 tables/);
    expect(world.stored()).toHaveLength(2);
    change(world);
    const third = await world.runJson('db-backup', ['hourly']);
    expect(third.json.result.apps[0].value.backup.stored).toEqual([
      {
        ...{ format: 'pages', backup: expect.stringMatching(/\.pages$/) as string, made: 'increment' },
        stored_bytes: expect.any(Number) as number,
      },
    ]);
    await restoresTo(world, 'latest');
    expect(await world.run('db-backup', ['verify', '--all'])).toMatchObject({ exitCode: 0 });
    const { stdout } = await world.run('db-backup', ['verify', 'latest']);
    expect(stdout).toContain(`proven: ${third.json.result.apps[0].value.backup.stored[0].backup}:`);
  });

  test('says in info how the series stands, and what is kept here', async () => {
    await using world = pagesWorld('format = "pages"\nevery = "1h"');
    await nightly(world);
    change(world);
    await world.run('db-backup', ['hourly']);
    await world.run('db-backup', ['hourly']);
    const { stdout } = await world.run('db-backup', ['info']);
    expect(stdout).toMatch(/newest proven backup: \S+\.pages, 2 min ago; unchanged 1 min/);
    expect(stdout).toMatch(/ {2}format: pages, every night, and every 1 h\n/);
    expect(stdout).toMatch(
      / {2}pages: full \S+\.pages, [\d.]+ kB, 3 min ago; 1 increment on it, [\d.]+ k?B\n/,
    );
    expect(stdout).toMatch(/ {2}pages: a restore of the newest fetches [\d.]+ kB \(2 backups\)\n/);
    const { size } = { size: readFileSync(join(world.state, 'pages/bookings/full.db')).length };
    const { json } = await world.runJson('db-backup', ['info']);
    const info = json.result.apps[0].value;
    expect(info.pages.kept.full_bytes).toBe(size);
    expect(info.pages.kept.all_bytes).toBeGreaterThan(size);
    expect(info.stored_bytes).toBe(
      world.stored().reduce((sum, name) => sum + (name.endsWith('.pages') ? sizeOf(world, name) : 0), 0),
    );
  });

  test('tries whether there is room for a full', async () => {
    await using world = pagesWorld('format = "pages"');
    const { exitCode, stdout } = await world.run('db-backup', ['test']);
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /ok +bookings: space for pages +a full needs up to 106 kB, 53 kB of it for good, [\d.]+ [GM]B free/,
      ) as string,
    });
  });

  test('goes on with a full that is due in its window, though nothing has changed', async () => {
    await using world = pagesWorld('format = "pages"\nfull_window = "02:00 for 1h"\nlevels = 1');
    await nightly(world);
    for (let n = 0; n < 8 && !(await isDue(world)); n += 1) {
      world.clock.advance(3_600_000);
      replaceMost(world, n);
      await world.run('db-backup', ['backup']); // by day: the window is closed
    }
    expect(await isDue(world)).toBe(true);
    world.clock.advance(day - (world.clock.now().getTime() % day) + 2 * 3_600_000);
    const { stdout } = await nightly(world);
    expect(stdout).toMatch(/\(an increment/);
    const before = world.stored().length;
    expect(await isDue(world)).toBe(false);
    expect((await nightly(world)).stdout).toMatch(/unchanged since/);
    expect(world.stored()).toHaveLength(before);
    await restoresTo(world, 'latest');
  });
});

describe('an app in both formats', () => {
  test('has both of each night, of one instant; by the hour pages alone; by hand the one that is named first', async () => {
    await using world = pagesWorld('format = ["plain", "pages"]\nevery = "1h"');
    const { stdout } = await nightly(world);
    expect(stdout).toMatch(
      /^bookings: backed up as \S+\.db: .*\nbookings: also backed up as \S+\.pages \(a full/,
    );
    expect(world.stored().map(ending)).toEqual([
      '.db',
      '.json',
      '.pages',
      '.pages.json',
      'latest/bookings.db',
    ]);
    const [plain, pages] = await manifests(world);
    expect(plain.sha256).toBe(pages.sha256);
    expect(plain.taken_at).toBe(pages.taken_at);
    change(world);
    await world.run('db-backup', ['hourly']);
    expect(world.stored().filter((name) => name.endsWith('.db'))).toHaveLength(2);
    expect(world.stored().filter((name) => name.endsWith('.pages'))).toHaveLength(2);
    await world.run('db-backup', ['backup', 'before-upgrade']);
    expect(world.stored()).toContain('backups/bookings/before-upgrade.db');
    world.configure({ app: 'format = ["pages", "plain"]' });
    await world.run('db-backup', ['backup', 'after-upgrade']);
    expect(world.stored()).toContain('backups/bookings/after-upgrade.pages');
    expect((await world.run('db-backup', ['run', '--dry-run'])).stdout).toMatch(
      /would back up .* as \S+\.pages and as \S+\.db in/,
    );
    await restoresTo(world, 'after-upgrade');
  });

  test('of which one cannot be stored has the other all the same, and says so', async () => {
    await using world = pagesWorld('format = ["pages", "plain"]');
    await world.run('db-backup', ['init']);
    const inTheWay = join(world.state, 'pages');
    writeFileSync(inTheWay, 'no directory');
    const { exitCode, stderr } = await world.run('db-backup', ['run']);
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/cannot .*pages/);
    expect(stderr).toMatch(/before that: .*\.db is complete in the store/);
    expect(world.stored().map(ending)).toEqual(['.db', '.json', 'latest/bookings.db']);
    rmSync(inTheWay);
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  });

  test('and a latest copy for pages alone, where it has a name', async () => {
    await using world = pagesWorld('format = "pages"\nlatest = "/database.db"');
    await nightly(world);
    expect(readBookings(join(world.store, 'database.db'))).toEqual(readBookings(world.database));
    rmSync(join(world.store, 'database.db'));
    await nightly(world); // unchanged, and the copy is there again
    expect(readBookings(join(world.store, 'database.db'))).toEqual(readBookings(world.database));
  });
});

function pagesWorld(keys: string): TypedWorld {
  const world = new TypedWorld();
  world.configure({ app: keys, top: 'time_zone = "UTC"\nclock = "trusted"' });
  makeBookings(world.database, { journalMode: 'delete' });
  return world;
}

async function nightly(world: TypedWorld) {
  const ended = await world.run('db-backup', ['run']);
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
  return ended;
}

/** Restores to a new file, which has to be what the database is. */
async function restoresTo(world: TypedWorld, name: string): Promise<void> {
  const to = join(world.home, 'restored.db');
  const ended = await world.run('restore', ['run', name, '--to', to]);
  expect(ended, ended.stderr).toMatchObject({ exitCode: 0 });
  expect(readBookings(to)).toEqual(readBookings(world.database));
  rmSync(to);
}

async function isDue(world: TypedWorld): Promise<boolean> {
  const { json } = await world.runJson('db-backup', ['info']);
  return json.result.apps[0].value.pages.due !== undefined;
}

async function manifests(world: World): Promise<Json[]> {
  const names = world.stored().filter((name) => name.endsWith('.json'));
  return names.map((name): Json => JSON.parse(readFileSync(join(world.store, name), 'utf8')) as object);
}

function change({ database }: World): void {
  const open = new Database(database);
  open.exec('CREATE TABLE IF NOT EXISTS changed (at); INSERT INTO changed VALUES (1)');
  open.close();
}

/** Rows that do not compress, others each time, in the same place. */
function replaceMost({ database }: World, seed: number): void {
  const open = new Database(database);
  open.exec('CREATE TABLE IF NOT EXISTS noise (id INTEGER PRIMARY KEY, bytes BLOB)');
  open.prepare('REPLACE INTO noise VALUES (1, randomblob(?))').run(30_000 + seed);
  open.close();
}

function ending(name: string): string {
  return /^backups\/bookings\/bookings-\d{8}T\d{6}Z(.*)$/.exec(name)?.[1] ?? name;
}

function sizeOf(world: World, name: string): number {
  return readFileSync(join(world.store, name)).length;
}

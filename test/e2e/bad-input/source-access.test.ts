// A source that this process may not read, or beside which it may not write. Reading must never change whose the side
// files are: where it would, there is no backup.
import { chmodSync, chownSync, existsSync, rmSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  backUpIn,
  contents,
  expectNothingLeft,
  expectRefusal,
  replaceDatabase,
  type Runner,
} from '../../support/bad-input.ts';
import { makeCrashedSet } from '../../support/database-sets.ts';
import { asNobody, giveToNobody, isRoot, withMounts } from '../../support/other-runners.ts';
import { onlyObject, onlyValue } from '../../support/printed.ts';
import { makeBookings, readBookings, World } from '../../support/world.ts';

let names = 0;

/** Makes one more backup, and requires that it holds all of the database and that nothing beside it changed. */
async function expectBackup(world: World, run: Runner): Promise<string> {
  const [before, label] = [contents(world), `copy-${(names += 1)}`];
  const ended = await run('db-backup', ['backup', label, '--json'], {});
  expect(ended).toMatchObject({ exitCode: 0 });
  const after = contents(world);
  for (const ending of ['db', 'json']) delete after[`store/backups/bookings/${label}.${ending}`];
  expect(after).toEqual(before);
  expectNothingLeft(world);
  return onlyValue(onlyObject(ended).result).snapshot.method;
}

describe('a database that this process may not read', () => {
  let world: World;
  beforeAll(async () => {
    world = await backUpIn(new World());
    giveToNobody(world);
    return () => world[Symbol.asyncDispose]();
  });

  test('is refused when it is the file that may not be read', async () => {
    chmodSync(world.database, isRoot ? 0o600 : 0);
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/bookings\.db/, /permission denied/], hint: /user or in its group/ },
      asNobody(world),
    );
  });

  test.skipIf(!isRoot)('is refused when it is its directory that may not be entered', async () => {
    chmodSync(`${world.home}/app`, 0o700);
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/bookings\.db/, /permission denied/], hint: /user or in its group/ },
      asNobody(world),
    );
  });
});

describe.skipIf(!isRoot)('as a user who is not the app (skipped unless the tests run as root)', () => {
  let world: World;
  beforeAll(async () => {
    world = await backUpIn(new World());
    return () => world[Symbol.asyncDispose]();
  });
  beforeEach(() => giveToNobody(world));

  test('a closed WAL database is copied quietly, without a side file', async () => {
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode: 'wal' }));
    expect(await expectBackup(world, asNobody(world))).toBe('quiet');
  });

  test('a closed database with a rollback journal is copied', async () => {
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode: 'delete' }));
    expect(await expectBackup(world, asNobody(world))).toBe('stepwise');
  });

  test('a WAL database with a log but no index of it is refused, and no index is made', async () => {
    await replaceDatabase(world, async (path) => {
      await makeCrashedSet(path, 'wal');
      rmSync(`${path}-shm`);
    });
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/bookings\.db/, /-shm/], hint: /chmod g\+w|app's user|its user/ },
      asNobody(world),
    );
  });

  test('an index of the log that would belong to us in a directory we may write is not made either', async () => {
    await replaceDatabase(world, async (path) => {
      await makeCrashedSet(path, 'wal');
      rmSync(`${path}-shm`);
    });
    chmodSync(`${world.home}/app`, 0o777);
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/bookings\.db/, /-shm as user 65534/], hint: /as its user/ },
      asNobody(world),
    );
  });

  test('a store that belongs to somebody else is refused', async () => {
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode: 'delete' }));
    chownSync(world.store, 0, 0);
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/store/, /permission denied/] },
      asNobody(world),
    );
  });
});

describe.skipIf(!isRoot)('on a read-only mount (skipped unless the tests run as root)', () => {
  const readOnly = 'mount --bind "$APP" "$APP"\nmount -o remount,ro,bind "$APP"';
  let world: World;
  beforeAll(async () => {
    world = await backUpIn(new World());
    return () => world[Symbol.asyncDispose]();
  });

  test.each([
    ['wal', 'quiet'],
    ['delete', 'stepwise'],
  ] as const)('a closed database in journal mode %s is copied', async (journalMode, method) => {
    await replaceDatabase(world, (path) => makeBookings(path, { journalMode }));
    expect(await expectBackup(world, withMounts(world, readOnly))).toBe(method);
    expect(readBookings(`${world.store}/backups/bookings/copy-${names}.db`)).toHaveLength(200);
  });

  test('a WAL database with a log but no index of it is refused', async () => {
    await replaceDatabase(world, async (path) => {
      await makeCrashedSet(path, 'wal');
      rmSync(`${path}-shm`);
    });
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'denied', says: [/bookings\.db/, /-shm/], hint: /app/ },
      withMounts(world, readOnly),
    );
    expect(existsSync(`${world.database}-shm`)).toBe(false);
  });
});

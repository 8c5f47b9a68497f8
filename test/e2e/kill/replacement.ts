// A restore and its undo, to be ended at every step: a whole database is in place, the old or the new one, and the next
// command settles it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { type KillScenario, mustSucceed, requireKept } from '../../support/kill-table.ts';
import { type Booking, makeBookings, readBookings, type World } from '../../support/world.ts';

/** The database in place has committed rows in its -wal that are not in the file itself. */
export const replace: KillScenario = {
  command: 'restore',
  args: ['run', 'latest', '--yes'],
  prepare: async (world) => {
    world.configure({
      app: `stop = "echo stop >> ${world.home}/told"\nstart = "echo start >> ${world.home}/told"`,
    });
    makeBookings(world.database, { rows: 40, label: 'new' });
    await mustSucceed(world, 'db-backup', ['backup']);
    writeFileSync(join(world.home, 'new.json'), JSON.stringify(readBookings(world.database)));
    leaveWalBehind(world.database);
    writeFileSync(join(world.home, 'old.json'), JSON.stringify(readBookings(world.database)));
    writeFileSync(join(world.home, 'store.json'), JSON.stringify(world.fingerprint(world.store)));
  },
  requireSafe: (world) => {
    requireEither(world);
    requireKept(world, rowsFrom<Record<string, string>>(world, 'store.json'));
  },
  requireRecovered: async (world, ending) => {
    const inPlace = requireEither(world);
    if (ending.signal === 'SIGKILL') await requireToldByStatus(world, inPlace);
    await mustSucceed(world, 'restore', ['run', 'latest', '--yes']);
    if (requireEither(world) !== 'new')
      throw new Error('after the next restore the old database is in place');
    requireStarted(world);
  },
};

export const undo: KillScenario = {
  ...replace,
  args: ['undo', '--yes'],
  prepare: async (world) => {
    await replace.prepare(world);
    await mustSucceed(world, 'restore', ['run', 'latest', '--yes']);
    rmSync(join(world.home, 'told'));
  },
  requireRecovered: async (world, ending) => {
    const inPlace = requireEither(world);
    // For an undo, the database that the restore had brought is the old one.
    if (ending.signal === 'SIGKILL') await requireToldByStatus(world, inPlace === 'new' ? 'old' : 'new');
    if (inPlace === 'new') await mustSucceed(world, 'restore', ['undo', '--yes']);
    else await mustSucceed(world, 'restore', ['run', 'latest', '--yes']);
    if (requireEither(world) === inPlace) throw new Error(`the ${inPlace} database is still in place`);
    requireStarted(world);
  },
};

/** Whichever of the two is in place, whole; throws when it is neither. */
export function requireEither(world: World): 'old' | 'new' {
  if (!existsSync(world.database)) throw new Error('there is no database in place');
  const rows = readBookings(world.database);
  if (isDeepStrictEqual(rows, rowsFrom<Booking[]>(world, 'old.json'))) return 'old';
  if (!isDeepStrictEqual(rows, rowsFrom<Booking[]>(world, 'new.json')))
    throw new Error(`${rows.length} rows of neither are in place`);
  if (existsSync(`${world.database}-wal`)) throw new Error('a -wal lies beside the new database');
  return 'new';
}

/** Once the services were stopped or an intent written, status must say which database is in place. */
async function requireToldByStatus(world: World, inPlace: 'old' | 'new'): Promise<void> {
  const { stdout } = await world.run('restore', ['status']);
  const intent = existsSync(join(world.home, 'app', '.bookings.db.restore.json'));
  if (intent && !stdout.includes(`the ${inPlace.toUpperCase()} database is in place`))
    throw new Error(`status says: ${stdout}`);
  const stopped = told(world).at(-1) === 'stop';
  if (stopped && !stdout.includes('services may be stopped'))
    throw new Error(`the app is stopped, and status says: ${stdout}`);
}

export function requireStarted(world: World): void {
  if (told(world).at(-1) === 'stop') throw new Error('the services were not started again');
}

function told(world: World): string[] {
  const path = join(world.home, 'told');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

function rowsFrom<T>(world: World, name: string): T {
  return JSON.parse(readFileSync(join(world.home, name), 'utf8')) as T;
}

function leaveWalBehind(path: string): void {
  const database = new Database(path);
  database.pragma('wal_autocheckpoint = 0');
  database.exec(
    "DELETE FROM payment; UPDATE booking SET guest = 'old ' || id; INSERT INTO booking (guest) VALUES ('one more')",
  );
  const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
  database.close();
  writeFileSync(path, main);
  writeFileSync(`${path}-wal`, wal);
}

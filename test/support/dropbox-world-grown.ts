// Worlds in which a backup was made before: once for all tests of a file, each of which gets a copy of its own.
import { afterAll } from 'vitest';
import { DropboxWorld, type DropboxSettings, type Remains } from './dropbox-world.ts';
import { addBallast } from './dropbox-world-rows.ts';
import { makeBookings } from './world.ts';

const remains: Remains[] = [];
afterAll(() => remains.forEach(({ remove }) => remove()));

/** Makes a world once, and gives each test one of its own that goes on where that one ended. */
export function worldsLike(make: () => Promise<DropboxWorld>): () => Promise<DropboxWorld> {
  let left: Promise<Remains> | undefined;
  const leave = async () => {
    const own = await (await make()).leave();
    remains.push(own);
    return own;
  };
  return async () => DropboxWorld.start({}, await (left ??= leave()));
}

const backedUp = worldsLike(async () => {
  const world = await DropboxWorld.start();
  // A rollback journal: a fresh WAL database is looked at for two seconds before it is copied.
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox();
  const { exitCode, stderr } = await world.run('db-backup', ['run']);
  if (exitCode !== 0) throw new Error(`the first backup failed: ${stderr}`);
  return world;
});

/** By how many MiB they grew. */
const grown = new Map<number, () => Promise<DropboxWorld>>();

/**
 * A world whose small database was backed up once; then it grew to `mebibytes` and more, so that the next run sends it
 * in several appends.
 */
export async function grownWorld({
  mebibytes = 12,
  ...settings
}: DropboxSettings & { mebibytes?: number } = {}): Promise<DropboxWorld> {
  const likeIt =
    grown.get(mebibytes) ??
    worldsLike(async () => {
      const world = await backedUp();
      addBallast(world.database, mebibytes);
      return world;
    });
  grown.set(mebibytes, likeIt);
  const world = await likeIt();
  world.configureDropbox(settings);
  return world;
}

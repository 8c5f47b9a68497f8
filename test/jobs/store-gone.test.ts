// A store that is not what it was, and a state directory that cannot be used. A vanished disk is never taken for an
// empty store, and nothing is written where it was mounted.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { backedUpWorld, expectBadNews, expectRefusal, type Refusal } from '../support/bad-input.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings, type World } from '../support/world.ts';

const commands = [
  ['db-backup', 'run'],
  ['db-backup', 'backup once-more'],
  ['db-backup', 'upload'],
  ['db-backup', 'prune'],
  ['db-backup', 'list-backups'],
  ['db-backup', 'verify'],
  ['restore', 'list'],
  ['restore', 'run latest --yes'],
  ['restore', 'drill'],
] as const;

const gone = (cause: RegExp): Refusal => ({
  kind: 'unavailable',
  says: [/cannot use the store directory .*store/, cause],
  hint: /is the disk mounted\?/,
});

describe('a store that was there before', () => {
  let world: World;
  beforeEach(async () => {
    world = await backedUpWorld();
    renameSync(world.store, `${world.home}/moved-away`);
    return () => world[Symbol.asyncDispose]();
  });

  test('and is gone is unavailable to every command, and is not made anew', async () => {
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), gone(/it is not there/));
    }
    expect(existsSync(world.store)).toBe(false);
  });

  test('and is empty now is unavailable to every command, and stays empty', async () => {
    mkdirSync(world.store);
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), gone(/holds no \.holdfast-store/));
    }
    expect(readdirSync(world.store)).toEqual([]);
  });

  test('and is a file now is unavailable, and the file stays', async () => {
    writeFileSync(world.store, 'a note\n');
    await expectRefusal(world, 'db-backup', ['run'], gone(/it is not there/));
    expect(world.fingerprint(world.home)).toHaveProperty('store');
  });

  test('and is gone shows in db-backup test, beside what is well', async () => {
    const { checks } = await expectBadNews(world, 'db-backup', ['test']);
    const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(failed).toEqual(['store', 'bookings: space']);
  });
});

describe('a store that cannot be used', () => {
  test('because its marker is not one is damaged', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/.holdfast-store`, 'what is this\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'damaged',
      says: [/store directory/, /\.holdfast-store is not readable/],
      hint: /write a new one/,
    });
  });

  test('because a newer Holdfast made it is unavailable', async () => {
    await using world = await backedUpWorld();
    writeFileSync(`${world.store}/.holdfast-store`, '{"format":"holdfast-store","version":2}\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'unavailable',
      says: [/store directory/, /version 2/],
      hint: /newer/,
    });
  });

  test('because its path is relative is a mistake of the configuration', async () => {
    await using world = new TypedWorld();
    makeBookings(world.database, { journalMode: 'delete' });
    const run = (command: string, args: readonly string[], environment: Record<string, string>) =>
      world.run(command, args, {
        environment: {
          ...environment,
          HOLDFAST_CONFIG: '',
          DATABASE_PATH: world.database,
          HOLDFAST_STATE: world.state,
          HOLDFAST_STORE: 'backups/here',
        },
      });
    await expectRefusal(
      world,
      'db-backup',
      ['run'],
      { kind: 'config', says: [/HOLDFAST_STORE=backups\/here/, /absolute path/], hint: /HOLDFAST_STORE=\// },
      run,
    );
    expect(existsSync(world.state)).toBe(false);
  });
});

describe('a state directory', () => {
  test('that is a file is refused before anything is stored', async () => {
    await using world = await backedUpWorld();
    rmSync(world.state, { recursive: true });
    writeFileSync(world.state, 'a note\n');
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'refused',
      says: [/state/, /a file has that name/],
      hint: /HOLDFAST_STATE/,
    });
  });
});

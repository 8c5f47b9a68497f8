// db-backup remove: what a person named goes when they say so, and nothing else; and whatever counts backups says the same.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings } from '../../support/world.ts';

/** A named backup with a note, and a night after it. */
async function withNamed(app = ''): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ app });
  makeBookings(world.database, { journalMode: 'delete' });
  await typed(world, 'backup', 'before', '--note', 'the import');
  const database = new Database(world.database);
  database.exec("UPDATE booking SET guest = 'other' WHERE id = 1");
  database.close();
  await typed(world, 'run');
  return world;
}

async function typed(world: TypedWorld, ...words: string[]) {
  const ended = await world.run('db-backup', words);
  expect(ended, words.join(' ')).toMatchObject({ exitCode: 0 });
  return ended.stdout;
}

const isThere = (world: TypedWorld, name = 'before.db') =>
  existsSync(join(world.store, 'backups/bookings', name));

describe('db-backup remove', () => {
  test('removes what was named, and says what that frees and what is left', async () => {
    await using world = await withNamed();
    const before = world.fingerprint(world.store);
    const planned = await typed(world, 'remove', 'before', '--dry-run');
    expect(planned).toMatch(
      /^bookings: would remove backups\/bookings\/before.db: \d+ kB would be free; 1 backup kept\n$/,
    );
    expect(world.fingerprint(world.store)).toEqual(before);
    const { exitCode, json } = await world.runJson('db-backup', ['remove', 'before', '--yes']);
    expect({ exitCode, result: json.result }).toMatchObject({
      exitCode: 0,
      result: {
        ...{ app: 'bookings', freed_bytes: json.result.removed.stored_bytes },
        removed: { name: 'backups/bookings/before.db', named: true, state: 'proven', note: 'the import' },
        left: { retention: 1, named: 0, foreign: 0 },
      },
    });
    const gone = ['backups/bookings/before.db', 'backups/bookings/before.json'];
    for (const name of gone) delete before[name];
    expect(world.fingerprint(world.store)).toEqual(before);
    expect(await world.run('db-backup', ['remove', 'before', '--yes'])).toMatchObject({ exitCode: 66 });
    await typed(world, 'backup', 'before');
  });

  test('asks, and does nothing without a yes', async () => {
    await using world = await withNamed();
    const { exitCode, stderr } = await world.run('db-backup', ['remove', 'before']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining('cannot remove backups/bookings/before.db without consent') as string,
    });
    expect(isThere(world)).toBe(true);
  });

  test('takes no for an answer, and yes for the end of what the history says of it', async () => {
    await using world = await withNamed();
    const asked: string[] = [];
    const say = (answer: boolean) =>
      runInProcess(dbBackup, ['remove', 'before'], {
        environment: { HOLDFAST_CONFIG: world.config },
        clock: fixedClock(world.clock.now().toISOString()),
        confirm: async (question) => asked.push(question) > 0 && answer,
      });
    expect(await say(false)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/db-backup: nothing was changed\n$/) as string,
    });
    expect(isThere(world)).toBe(true);
    expect(await say(true)).toMatchObject({ exitCode: 0 });
    expect(isThere(world)).toBe(false);
    expect(asked[0]).toMatch(/^Remove backups\/bookings\/before.db \(.*, the import\) for good\?$/);
    const history = new Database(join(world.state, 'ops.db'), { readonly: true });
    const states = history.prepare('SELECT state FROM backups ORDER BY taken_at').pluck().all();
    history.close();
    expect(states).toEqual(['removed', 'proven']);
  });

  test.each<[string, string, number, RegExp]>([
    ['latest', 'latest', 64, /cannot remove latest: that is whichever backup is the newest/],
    ['a path that leads out', '../x', 64, /\.\./],
    ['no backup', 'befor', 66, /cannot find backup befor: .*did you mean before\?/],
    ['a file of another program', 'other.db', 73, /Holdfast did not make it/],
  ])('refuses %s', async (_, name, code, cause) => {
    await using world = await withNamed();
    writeFileSync(join(world.store, 'backups/bookings/other.db'), 'not ours');
    const before = world.fingerprint(world.store);
    for (const more of [['--yes'], ['--dry-run']]) {
      const { exitCode, stderr } = await world.run('db-backup', ['remove', name, ...more]);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: code,
        stderr: expect.stringMatching(cause) as string,
      });
    }
    expect(world.fingerprint(world.store)).toEqual(before);
  });

  test('refuses one of a night, and the newest that is proven', async () => {
    await using world = await withNamed();
    const night = world.stored().find((name) => /Z\.db$/.test(name)) ?? '';
    expect((await world.run('db-backup', ['remove', night, '--yes'])).stderr).toMatch(
      /nobody named it.*\n.*db-backup prune --dry-run/,
    );
    await typed(world, 'backup', 'after');
    expect((await world.run('db-backup', ['remove', 'after', '--yes'])).stderr).toMatch(
      /it is the newest proven backup/,
    );
    expect(world.stored().filter((name) => name.endsWith('.db'))).toHaveLength(4);
  });

  test('in pages refuses what something is based on, and names that', async () => {
    await using world = await withNamed('format = "pages"');
    const { exitCode, stderr } = await world.run('db-backup', ['remove', 'before', '--yes']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 73,
      stderr: expect.stringMatching(/cannot remove \S+before.pages: \S+Z.pages is based on it/) as string,
    });
    await typed(world, 'verify', '--all');
  });

  test('ends the news of a named one whose data somebody took away', async () => {
    await using world = await withNamed('keep = { last = 1 }');
    rmSync(join(world.store, 'backups/bookings/before.db'));
    // What retention would not have kept is what an interrupted removal left; it never decided about this one.
    await world.run('db-backup', ['prune']);
    const { exitCode, stdout } = await world.run('db-backup', ['info']);
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
    expect(stdout).toMatch(
      /the data of backups\/bookings\/before.db is gone from the store\n.*db-backup remove backups/,
    );
    await typed(world, 'remove', 'before', '--yes');
    expect(await world.run('db-backup', ['info'])).toMatchObject({ exitCode: 0 });
  });

  test('ends the news of one that is damaged, which no policy lets go', async () => {
    await using world = await withNamed();
    const [night = ''] = world.stored().filter((name) => /Z\.db$/.test(name));
    await typed(world, 'backup', 'after');
    writeFileSync(join(world.store, night), 'cut');
    expect((await world.run('db-backup', ['list-backups'])).stdout).toMatch(/Z\.db .* damaged$/m);
    await typed(world, 'remove', night, '--yes');
    expect(world.stored()).not.toContain(night.replace(/db$/, 'json'));
  });
});

test('whatever counts backups counts the same, and says the named ones apart', async () => {
  await using world = await withNamed('keep = { last = 1 }');
  writeFileSync(join(world.store, 'backups/bookings/other.db'), 'not ours');
  const said = '2 backups \\(1 by retention, 1 named\\) and 1 foreign file';
  const commands = ['list-backups', 'info', 'verify --all --dry-run', 'run'];
  for (const line of [...commands, 'run --dry-run'])
    expect(await typed(world, ...line.split(' ')), line).toMatch(new RegExp(said));
  expect((await world.run('restore', ['list'])).stdout).toMatch(new RegExp(said));
  for (const [job, command] of [
    ['db-backup', 'list-backups'],
    ['db-backup', 'info'],
    ['db-backup', 'prune'],
    ['restore', 'list'],
  ] as const) {
    const { value } = (await world.runJson(job, [command])).json.result.apps[0];
    expect(value.left ?? value.kinds ?? value.counts, command).toEqual({
      retention: 1,
      named: 1,
      foreign: 1,
    });
  }
});

test.each(['latest', 'Latest'])('%s is no name for a backup', async (name) => {
  await using world = new TypedWorld();
  world.configure();
  makeBookings(world.database);
  const { exitCode, stderr } = await world.run('db-backup', ['backup', name]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 64 });
  expect(stderr).toContain(
    `cannot use "${name}" as the name of a backup: commands take that word for the newest proven backup`,
  );
  expect(isThere(world, `${name}.db`)).toBe(false);
});

test('verify takes the word latest as restores do', async () => {
  await using world = await withNamed();
  expect(await typed(world, 'verify', 'latest')).toMatch(/Z\.db/);
});

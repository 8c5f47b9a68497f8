// A lock that somebody else holds: busy (exit 75) at once, with the holder named, and nothing begun.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { AlertWorld } from '../support/alert-world.ts';
import { backedUpWorld, expectBadNews, expectRefusal } from '../support/bad-input.ts';
import { type LineProcess, spawnLines } from '../support/spawn-lines.ts';
import type { World } from '../support/world.ts';

const commands = [
  ['db-backup', 'run'],
  ['db-backup', 'backup once-more'],
  ['db-backup', 'upload'],
  ['db-backup', 'prune'],
  ['db-backup', 'remove named --yes'],
  ['db-backup', 'run --dry-run'],
  ['db-backup', 'backup once-more --dry-run'],
  ['db-backup', 'upload --dry-run'],
  ['restore', 'run latest --yes'],
  ['restore', 'undo --yes'],
] as const;

/** A shell script that holds the lock of the bookings, in the way docs/operations.md shows, until it is told. */
async function holdFromShell(world: World): Promise<LineProcess> {
  const lock = `${world.home}/run/locks/bookings.lock`;
  const holder = spawnLines('flock', ['--nonblock', lock, 'sh', '-c', 'echo held; read -r word']);
  await holder.line('held');
  return holder;
}

describe('a lock', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  test('that a shell script holds is busy for every command that changes something', async () => {
    await using holder = await holdFromShell(world);
    for (const [command, line] of commands) {
      await expectRefusal(world, command, line.split(' '), {
        kind: 'busy',
        says: [/cannot lock bookings/, /another program/],
        hint: /fuser -v .*bookings\.lock/,
      });
    }
    const { checks } = await expectBadNews(world, 'db-backup', ['test']);
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['bookings: lock']);
    holder.endInput();
    expect(await holder.ended).toBe(1);
  });

  test('keeps nobody from looking', async () => {
    await using holder = await holdFromShell(world);
    for (const [command, line] of [
      ['db-backup', 'list-backups'],
      ['db-backup', 'info'],

      ['restore', 'list'],
      ['restore', 'plan latest'],
      ['restore', 'run latest --to ' + `${world.home}/look.db`],
    ] as const) {
      expect(await world.run(command, line.split(' '))).toMatchObject({ exitCode: 0 });
    }
    holder.endInput();
  });

  test('of a name that is a symbolic link is refused, and the link is not followed', async () => {
    const lock = `${world.home}/run/locks/bookings.lock`;
    rmSync(lock);
    symlinkSync(`${world.home}/elsewhere`, lock);
    await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'refused',
      says: [/bookings\.lock/, /symbolic link/],
      hint: /remove it/,
    });
    rmSync(lock);
  });

  test('in a place where a file is instead of the directory is refused', async () => {
    const run = `${world.home}/run`;
    rmSync(run, { recursive: true });
    writeFileSync(run, 'a note\n');
    const ended = await expectRefusal(world, 'db-backup', ['run'], {
      kind: 'missing',
      says: [/locks/, /not a directory|exists already/],
      hint: /HOLDFAST_RUN/,
    });
    expect(ended.signal).toBeNull();
    rmSync(run);
    mkdirSync(run);
  });
});

describe('the lock of another program', () => {
  test('is taken by every command that takes ours, and busy for all of them while it is held', async () => {
    await using world = await backedUpWorld();
    const other = join(world.home, 'ctv-db-sync.lock');
    world.configure({ app: `lock_file = ${JSON.stringify(other)}` });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    await using holder = spawnLines('flock', ['-n', other, 'sh', '-c', 'echo held; read -r word']);
    await holder.line('held');
    for (const [command, line] of commands)
      await expectRefusal(world, command, line.split(' '), {
        kind: 'busy',
        says: [/cannot lock bookings: another program holds .*ctv-db-sync\.lock/],
        hint: /fuser -v .*ctv-db-sync\.lock/,
      });
    const { checks } = await expectBadNews(world, 'db-backup', ['test']);
    expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['bookings: lock']);
    holder.endInput();
  });

  test('that somebody holds night after night keeps no backup from being missed', async () => {
    await using world = await AlertWorld.start();
    const other = join(world.home, 'ctv-db-sync.lock');
    world.configureAlerts({ app: `lock_file = ${JSON.stringify(other)}` });
    await using holder = spawnLines('flock', ['-n', other, 'sh', '-c', 'echo held; read -r word']);
    await holder.line('held');
    for (let night = 1; night <= 3; night += 1) {
      expect(world.ntfy.messages.filter(({ message }) => message.includes('ctv-db-sync'))).toEqual([]);
      expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 75 });
      await world.send();
    }
    const told = world.ntfy.messages.filter(({ message }) => message.includes('ctv-db-sync.lock'));
    expect(told).toHaveLength(1);
    holder.endInput();
  });
});

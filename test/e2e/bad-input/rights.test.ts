// What this process may not read or write, other than the source: a configuration, a target, the state, the store. Other
// users and other mounts are those of a process, and need root.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backUpIn, entriesBelow, expectRefusal } from '../../support/bad-input.ts';
import { asNobody, giveToNobody, isRoot, withMounts } from '../../support/other-runners.ts';
import { makeBookings, World } from '../../support/world.ts';

describe.skipIf(!isRoot)('without the right to it (skipped unless the tests run as root)', () => {
  test('a configuration file that may not be read is denied', async () => {
    await using world = await backUpIn(new World());
    giveToNobody(world);
    writeFileSync(`${world.home}/of-root.toml`, '', { mode: 0o600 });
    await expectRefusal(
      world,
      'db-backup',
      ['run', '--config', `${world.home}/of-root.toml`],
      { kind: 'denied', says: [/of-root\.toml/, /permission denied/] },
      asNobody(world),
    );
  });

  test('a restore into a directory that may not be written is denied', async () => {
    await using world = await backUpIn(new World());
    giveToNobody(world);
    mkdirSync(`${world.home}/to`);
    execFileSync('chown', ['-R', '0:0', `${world.home}/to`]);
    await expectRefusal(
      world,
      'restore',
      ['run', 'latest', '--to', `${world.home}/to/look.db`],
      { kind: 'denied', says: [/look\.db|\/to/, /permission denied/] },
      asNobody(world),
    );
    expect(Object.keys(entriesBelow(`${world.home}/to`))).toEqual([]);
  });

  test('a store whose disk is mounted read-only is denied', async () => {
    await using world = await backUpIn(new World());
    const readOnly = 'mount --bind "$STORE" "$STORE"\nmount -o remount,ro,bind "$STORE"';
    for (const line of ['run', 'upload', 'backup once-more']) {
      await expectRefusal(
        world,
        'db-backup',
        line.split(' '),
        { kind: 'denied', says: [/store/, /mounted read-only/] },
        withMounts(world, readOnly),
      );
    }
  });

  test.each([
    [
      'a directory of documents that is mounted read-only',
      'run',
      77,
      /cannot write .*booking\.json: .*read-only/,
    ],
    ['one with no room', 'run', 74, /cannot write .*booking\.json: no space left/],
    ['one that may not be looked into', 'check', 77, /permission denied/],
    ['one that may not be looked into by an import', 'import', 77, /permission denied/],
    ['one that may not be looked into by a list', 'status', 77, /permission denied/],
  ])('%s', async (what, command, exitCode, says) => {
    await using world = new World();
    makeBookings(world.database, { journalMode: 'delete' });
    const directory = join(world.home, 'documents');
    mkdirSync(directory);
    const mirror = join(world.home, 'mirror.db');
    world.configure({
      app: `[apps.bookings.export]\ndirectory = "${directory}"\n[apps.bookings.import]\ndatabase = "${mirror}"`,
    });
    giveToNobody(world);
    const mount = what.includes('no room')
      ? 'mount -t tmpfs -o size=4k tmpfs "$HOME_DIRECTORY/documents"; head -c 4096 /dev/zero > "$HOME_DIRECTORY/documents/full"'
      : 'mount --bind "$HOME_DIRECTORY/documents" "$HOME_DIRECTORY/documents"\nmount -o remount,ro,bind "$HOME_DIRECTORY/documents"';
    const run = exitCode === 77 && command !== 'run' ? asNobody(world) : withMounts(world, mount);
    if (command !== 'run') {
      execFileSync('chown', ['0:0', directory]);
      chmodSync(directory, 0o700);
    }
    const ended = await run('db-export-json', [command], {});
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    expect(ended.stderr).toMatch(says);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a state directory that may not be written is denied, and nothing is stored', async () => {
    await using world = await backUpIn(new World());
    giveToNobody(world);
    chmodSync(world.state, 0o500);
    chmodSync(`${world.state}/pending`, 0o500);
    for (const [command, line] of [
      ['db-backup', 'run'],
      ['db-backup', 'verify'],
      ['restore', 'drill'],
    ] as const) {
      await expectRefusal(
        world,
        command,
        line.split(' '),
        { kind: 'denied', says: [/state/, /permission denied/], hint: /HOLDFAST_STATE|state_directory/ },
        asNobody(world),
      );
    }
  });
});

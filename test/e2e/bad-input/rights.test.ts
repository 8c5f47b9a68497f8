// What this process may not read or write, other than the source: a configuration, a target, the state, the store. Other
// users and other mounts are those of a process, and need root.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { backUpIn, entriesBelow, expectRefusal } from '../../support/bad-input.ts';
import { asNobody, giveToNobody, isRoot, withMounts } from '../../support/other-runners.ts';
import { World } from '../../support/world.ts';

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

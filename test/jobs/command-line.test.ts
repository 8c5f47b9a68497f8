// A command line that is wrong: told as such (exit 64) before anything is looked at, with what would be right.
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { backedUpWorld, expectRefusal, type Refusal } from '../support/bad-input.ts';
import type { World } from '../support/world.ts';

const usage = (says: RegExp[], hint?: RegExp): Refusal => ({
  kind: 'usage',
  says,
  ...(hint === undefined ? {} : { hint }),
});
const long = 'n'.repeat(300);

describe('a command line', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  const cases: [command: string, args: string[], says: RegExp[], hint?: RegExp][] = [
    ['db-backup', ['bakcup'], [/unknown command 'bakcup'/], /commands are init, run, backup, hourly, upload/],
    ['restore', ['undoo'], [/unknown command 'undoo'/], /did you mean undo|commands are/],
    ['db-backup', ['backup', '--dryrun'], [/unknown option '--dryrun'/], /--dry-run/],
    ['restore', ['run', 'latest', '--yess'], [/unknown option '--yess'/], /--yes/],
    ['db-backup', ['run', 'ctv'], [/too many arguments/, /ctv/], /--help/],
    ['restore', ['download', 'latest'], [/missing required argument 'path'/], /--help/],
    ['restore', ['run', '--at'], [/option '--at <time>'/, /the value is missing/], /--help/],
    [
      'restore',
      ['run', 'latest', '--to', '--yes'],
      [/option '--to <path>'/, /looks like an option/],
      /--help/,
    ],
    ['db-backup', ['run', '--quiet', '--verbose'], [/--quiet/, /cannot be used with/, /--verbose/], /--help/],
    ['db-backup', ['backup', 'a\u001b[31mb', 'c'], [/too many arguments/, /a\\u001b\[31mb/], /--help/],
    ['db-backup', ['verify', 'latest', '--all'], [/verify one backup and all of them/, /a name or --all/]],
    ['restore', ['run', '--yes'], [/cannot tell which backup is meant/], /latest/],
    ['restore', ['plan'], [/cannot tell which backup is meant/], /latest/],
    ['restore', ['run', 'latest', '--at', '2026-11-20', '--yes'], [/by name and by time/]],
    [
      'db-backup',
      ['run', '--app', 'payroll'],
      [/cannot find the app "payroll"/, /has bookings/],
      /--app bookings/,
    ],
    ['db-backup', ['run', '--app', ''], [/option '--app <name>'/, /value is empty/], /--help/],
  ];
  test.each(cases)('%s %j is wrong', async (command, args, says, hint) => {
    await expectRefusal(world, command, args, usage(says, hint));
  });

  test('without a command restore prints its help as the answer to a mistake', async () => {
    const { exitCode, stdout, stderr } = await world.run('restore', []);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(/Usage: restore .*Commands:/s);
  });
});

describe('a name', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  const badLabels: [name: string, says: RegExp][] = [
    ['', /""/],
    ['a/b', /characters that a file name should not have/],
    ['..', /characters that a file name should not have|dots/],
    ['a..b', /dots where a file name should have none/],
    ['a\u0007b', /characters that a file name should not have/],
    ['two words', /characters that a file name should not have/],
    ['-rf', /unknown option '-rf'/],
    [long, /longer than 100 characters/],
    ['before.db', /its ending is added by itself/],
    ['bookings-20261120T020513Z', /looks like that of a scheduled backup/],
    ['20261120t020513z', /looks like that of a scheduled backup/],
  ];
  test.each(badLabels.map(shown))('%s is none that a backup can be given', async (_, name, says) => {
    await expectRefusal(world, 'db-backup', ['backup', name], usage([says]));
  });

  const badNames: [name: string, says: RegExp][] = [
    ['', /it is empty/],
    ['../../etc/passwd', /has a "\.\." segment/],
    ['backups/../../secrets', /has a "\.\." segment/],
    ['backups//x.db', /has an empty segment/],
    ['a\u0007b', /a control character/],
    ['a\\b', /backslash/],
    [long, /longer than 255 bytes/],
  ];
  test.each(badNames.map(shown))('%s is none that a store can have', async (_, name, says) => {
    const refusal = usage([/as a name in the store/, says], /list-backups/);
    await expectRefusal(world, 'restore', ['run', name, '--yes'], refusal);
    await expectRefusal(world, 'db-backup', ['verify', name], refusal);
    const path = `${world.home}/taken-out.db`;
    await expectRefusal(world, 'restore', ['download', name, path], refusal);
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['restore', 'plan ../x'],
    ['restore', 'drill ../x'],
    ['db-backup', 'list ../x'],
  ])('%s %s does not lead out of the store either', async (command, line) => {
    await expectRefusal(world, command, line.split(' '), usage([/has a "\.\." segment/]));
  });

  test.each([
    ['restore', 'run nothing-of-the-kind --yes'],
    ['restore', 'plan nothing-of-the-kind'],
    ['restore', 'drill nothing-of-the-kind'],
    ['restore', 'download nothing-of-the-kind /tmp/nowhere/x.db'],
    ['db-backup', 'verify nothing-of-the-kind'],
  ])('%s %s: one that nothing has is missing, and the newest is named', async (command, line) => {
    await expectRefusal(world, command, line.split(' '), {
      kind: 'missing',
      says: [/cannot find backup nothing-of-the-kind/, /bookings-\d{8}T\d{6}Z\.db/],
      hint: /restore list/,
    });
  });

  test.each([
    ['restore', 'run .holdfast-store --yes'],
    ['restore', 'download .holdfast-store /tmp/nowhere'],
  ])("%s %s: what is Holdfast's own is no backup", async (command, line) => {
    await expectRefusal(world, command, line.split(' '), usage([/\.holdfast-/, /reserved/]));
  });
});

describe('a time', () => {
  let world: World;
  beforeAll(async () => {
    world = await backedUpWorld();
    return () => world[Symbol.asyncDispose]();
  });

  test.each([
    ['yesterday', /not a date/],
    ['2026-02-30', /no such date/],
    ['2026-11-20 25:00', /no such date or time of day/],
    ['2026-11-20T02:05+15:00', /no such offset/],
  ])('%j is none', async (at, says) => {
    await expectRefusal(
      world,
      'restore',
      ['run', '--at', at, '--yes'],
      usage([/as a time/, says], /2026-11-20/),
    );
  });

  test('before the first backup has none, and the oldest is named', async () => {
    await expectRefusal(world, 'restore', ['run', '--at', '2001-01-01', '--yes'], {
      kind: 'missing',
      says: [/as of 2001-01-01/, /the only one is backups\/bookings\/bookings-\d{8}T\d{6}Z\.db/],
      hint: /restore list/,
    });
  });
});

/** A case with a first column that fits into a title. */
function shown([name, says]: [name: string, says: RegExp]): [title: string, name: string, says: RegExp] {
  return [JSON.stringify(name).slice(0, 40), name, says];
}

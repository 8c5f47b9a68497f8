// Times are read and shown in one zone, that of the configuration, and said to be; programs get UTC.
import { beforeAll, expect, test } from 'vitest';
import { backedUpWorld } from '../support/bad-input.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';

let world: TypedWorld;
beforeAll(async () => {
  // In winter Kathmandu is 5:45 ahead: no other zone would do by accident.
  world = new TypedWorld('2027-01-14T20:00:00Z');
  makeBookings(world.database, { journalMode: 'delete' });
  world.configure({ top: 'time_zone = "Asia/Kathmandu"' });
  await world.run('db-backup', ['run']);
  await world.run('restore', ['run', 'latest', '--yes']);
  return () => world[Symbol.asyncDispose]();
});

const commands: [command: string, args: string[], says: RegExp][] = [
  ['db-backup', ['list-backups'], /times of Asia\/Kathmandu[^]*2027-01-15 01:4\d:\d\d/],
  ['db-backup', ['info'], /of 2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d \+05:45/],
  ['db-backup', ['list'], /times of Asia\/Kathmandu/],
  ['restore', ['list'], /times of Asia\/Kathmandu[^]*2027-01-15 01:4\d:\d\d/],
  ['restore', ['status'], /replaced by .* on 2027-01-15 01:4\d:\d\d \+05:45/],
  ['restore', ['plan', 'latest'], /of 2027-01-15 01:4\d:\d\d \+05:45/],
  ['restore', ['plan', '--at', '01:50'], /as of +2027-01-15 01:50:00 \+05:45/],
  ['restore', ['plan', '--at', '1 min ago'], /as of +2027-01-15 \d\d:\d\d:\d\d \+05:45/],
];

test.each(commands)(
  '%s %j shows the zone of the configuration, and no other',
  async (command, args, says) => {
    world.clock.advance(30 * 60_000);
    const { stdout, stderr } = await world.run(command, args);
    expect(stdout).toMatch(says);
    expect(stdout).not.toMatch(/\d\d:\d\d(:\d\d)?Z/);
    expect(stderr).not.toMatch(/\berror\b/);
    const { json } = await world.runJson(command, args);
    for (const found of JSON.stringify(json).matchAll(/"(\d{4}-\d\d-\d\dT[^"]*)"/g))
      expect(found[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  },
);

test.each([
  ['2027-01-20', /is in 5 d/],
  [
    '2020-01-01',
    /choose a backup as of 2020-01-01 23:59:59 \+05:45, .*: the only one is .* of 2027-01-15 01:4\d:\d\d \+05:45/,
  ],
])('and so do refusals: --at %s', async (at, says) => {
  const { exitCode, stderr } = await world.run('restore', ['plan', '--at', at]);
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(says);
});

test('a restore to a time says how that was understood', async () => {
  await using own = await backedUpWorld();
  const { stderr, exitCode } = await own.run('restore', [
    'run',
    '--at',
    '1 min ago',
    '--to',
    `${own.home}/x.db`,
  ]);
  expect({ exitCode, said: /as of \d{4}-/.test(stderr) }).toEqual({ exitCode: 0, said: true });
});

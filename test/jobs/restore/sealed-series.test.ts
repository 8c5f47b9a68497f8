// A sealed series on the way back: with the identity each hour comes back as it was; without, and with another one, that is said
// before anything is fetched.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KeyPair, makeIdentity } from '../../../lib/seal/age.ts';
import { DropboxWorld } from '../../support/dropbox-world.ts';
import { type Hour, hourlyKeys, hourlySeries, rowsOf } from '../../support/series-world.ts';
import { StandbyBox } from '../../support/standby-world.ts';
import { TypedWorld } from '../../support/typed-world.ts';

let world: DropboxWorld;
let hours: Hour[];
let encryption: string;
let identity: string;
let other: string;
beforeAll(async () => {
  const [own, others] = [await makeIdentity(), await makeIdentity()];
  world = await DropboxWorld.start();
  encryption = `[encryption]\nrecipients = ["${own.recipient}"]`;
  world.configureDropbox({ app: `${hourlyKeys}\n${encryption}` });
  hours = await hourlySeries(world, 2);
  identity = keyFile(world.home, 'own', own);
  other = keyFile(world.home, 'other', others);
}, 60_000);
afterAll(() => world[Symbol.asyncDispose]());

function keyFile(home: string, name: string, { identity: key }: KeyPair): string {
  const path = join(home, `${name}.key`);
  writeFileSync(path, `${key}\n`);
  return path;
}

const downloads = () => world.standIn.requests.filter(({ route }) => route === 'files/download').length;

test('every hour comes back with the identity, and a download makes a database of it', async () => {
  const folder = join(world.home, 'to');
  mkdirSync(folder);
  for (const { name, at, rows } of hours) {
    expect(name).toMatch(/\.pages\.age$/);
    const to = join(folder, `${at.replaceAll(':', '')}.db`);
    const restored = await world.runJson('restore', ['run', '--at', at, '--to', to, '--identity', identity]);
    expect(restored.exitCode, restored.stderr).toBe(0);
    expect(restored.json.result.proof).toMatchObject({ proven: true });
    expect(rowsOf(to)).toBe(rows);
    const given = ['download', name.replace(/pages\.age$/, 'pages'), folder, '--identity', identity];
    expect((await world.run('restore', given)).exitCode).toBe(0);
    expect(rowsOf(join(folder, name.replace(/^.*\//, '').replace(/pages\.age$/, 'db')))).toBe(rows);
  }
});

test.each([
  ['without an identity', () => [], /no identity was given/],
  ['with that of somebody else', () => ['--identity', other], /opens what is sealed for age1/],
])('%s a plan says so, and nothing is fetched', async (_, args, says) => {
  const planned = await world.runJson('restore', ['plan', 'latest', ...args()]);
  expect(planned.exitCode).toBe(1);
  const { obstacles } = planned.json.result as { obstacles: string[] };
  expect(obstacles).toMatchObject([expect.stringMatching(says)]);
  // Records are read, and no object.
  const before = downloads();
  await world.runJson('restore', ['list']);
  const records = downloads() - before;
  for (const given of [
    ['run', 'latest', '--yes'],
    ['run', '--at', hours[1]?.at ?? '', '--to', join(world.home, 'none.db')],
  ]) {
    const asked = downloads();
    const { exitCode, stderr } = await world.run('restore', [...given, ...args()]);
    expect(exitCode).toBe(77);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/hint: .*--identity <file>/);
    expect(downloads() - asked).toBe(records);
  }
  expect(existsSync(join(world.home, 'none.db'))).toBe(false);
});

test('a drill without the identity is none, and one with it is', async () => {
  const without = await world.run('restore', ['drill']);
  expect(without.stdout).toMatch(/whole, and not opened[^]*restore drill NOT DONE.*--identity <file>/);
  expect((await world.run('restore', ['status'])).stdout).toContain('last restore drill: never');
  const drilled = await world.run('restore', ['drill', '--identity', identity]);
  expect(drilled.stdout).toContain('restore drill passed');
  expect((await world.run('restore', ['status'])).stdout).toContain('last restore drill: passed');
});

test('a standby pulls the newest with the identity, and says what is missing without', async () => {
  await using master = new TypedWorld();
  master.configure({ app: `${hourlyKeys}\n${encryption}`, top: 'clock = "trusted"' });
  const newest = (await hourlySeries(master, 1))[1];
  await using box = new StandbyBox(master);
  box.standBy('', { app: hourlyKeys });
  const without = await box.runJson('restore', ['standby']);
  expect(without.json.error).toMatchObject({
    kind: 'denied',
    message: expect.stringMatching(
      /^cannot stand by for bookings: a standby has to open what it pulls: .*no identity was given/,
    ) as string,
    hint: expect.stringMatching(
      /a-standby-of-sealed-backups .*: restore standby --identity <file>$/,
    ) as string,
  });
  const { json } = await box.runJson('restore', ['standby', '--identity', identity]);
  const { path, backup } = json.result.apps[0].value as Record<string, string>;
  expect(backup).toBe(newest?.name);
  expect(rowsOf(path ?? '')).toBe(newest?.rows);
  expect(
    readFileSync(path ?? '')
      .subarray(0, 15)
      .toString(),
  ).toBe('SQLite format 3');
});

// The commands of delta-serve as an operator types them: what they say, what they refuse, and which command helps then.
import Database from 'better-sqlite3';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serve } from '../../../jobs/delta-serve/run.ts';
import { freePort } from '../../support/postgres.ts';
import { HostedService } from '../../support/service-host.ts';
import { TypedWorld } from '../../support/typed-world.ts';
import { makeBookings, type World } from '../../support/world.ts';

const tls = (world: World) =>
  `listen = "0.0.0.0:5001"\ncertificate = "${join(world.home, 'serve.pem')}"\nprivate_key = "${join(world.home, 'serve.key')}"`;

function served(more: (world: World) => string = () => ''): TypedWorld {
  const world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  makeBookings(world.database, { rows: 2 });
  world.configure({ app: `[apps.bookings.serve]\n${more(world)}` });
  return world;
}

function ask(world: World, sql: string): unknown[] {
  const database = new Database(world.database);
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}

const ours = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_holdfast%' ESCAPE '\\' ORDER BY name";

test('what is installed is shown first, then there, and taken away again', async () => {
  const world = served();
  const shown = await world.run('delta-serve', ['install', '--dry-run']);
  expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('CREATE TRIGGER') as string });
  expect(ask(world, ours)).toEqual([]);
  expect(await world.run('delta-serve', ['install'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('bookings: 2 tables watched\n') as string,
  });
  expect(ask(world, ours)).toContain('_holdfast_log');
  expect((await world.run('delta-serve', ['install'])).stdout).toContain('were there already, and are whole');
  expect((await world.run('delta-serve', ['install', '--dry-run'])).stdout).toContain('installed already');
  expect(await world.run('delta-serve', ['uninstall'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^bookings: took \d+ triggers and tables out of the database$/m) as string,
  });
  expect(ask(world, ours)).toEqual([]);
  expect(ask(world, 'SELECT count(*) FROM booking')).toEqual([2]);
});

test('a table that no trigger can serve is named, with what helps', async () => {
  const world = served();
  new Database(world.database).exec('CREATE TABLE loose (a)').close();
  const { exitCode, stdout, stderr } = await world.run('delta-serve', ['install']);
  expect(exitCode).toBe(1);
  expect(stdout + stderr).toMatch(/no trigger can serve the table loose[^]*name it in without/);
  expect((await world.run('delta-serve', ['status'])).stdout).toContain('in full only loose');
});

test('a certificate is made once, readable by us alone, and status says what its readers pin', async () => {
  const world = served((made) => `${tls(made)}\nkeys = { office = "sha256:${'a'.repeat(64)}" }`);
  await world.run('delta-serve', ['install']);
  const made = await world.run('delta-serve', ['cert']);
  const [fingerprint = 'none'] = /sha256:[0-9a-f]{64}/.exec(made.stdout) ?? [];
  expect(statSync(join(world.home, 'serve.key')).mode & 0o777).toBe(0o600);
  const { exitCode, stdout } = await world.run('delta-serve', ['status']);
  expect([exitCode, stdout.includes(fingerprint)]).toEqual([0, true]);
  expect(stdout).toMatch(/https:\/\/0\.0\.0\.0:5001[^]*readers +office\n +tables +booking, payment/);
});

test('keys are shown once, with the lines by which they are known, and kept nowhere', async () => {
  const world = served();
  const lines: string[] = [];
  for (const reader of ['office', 'vet']) {
    const { stdout } = await world.attend('delta-serve', ['key', reader]);
    const [key = ''] = /hxb_\w{40}/.exec(stdout) ?? [];
    expect(stdout.split(key)).toHaveLength(2);
    lines.push(/^ *"\w+" = .*$/m.exec(stdout)?.[0] ?? '');
  }
  world.configure({ app: `[apps.bookings.serve.keys]\n${lines.join('\n')}` });
  await world.run('delta-serve', ['install']);
  expect((await world.run('delta-serve', ['status'])).stdout).toMatch(/readers +office, vet/);
});

/** What is typed, with which keys of the app, and what is said; `after` what was typed before. */
const refusals: [string, (world: World) => string, string[], number, RegExp][] = [
  ['status', () => '', [], 66, /nothing in it logs them|delta-serve install --app bookings/],
  ['cert', () => '', [], 78, /does not say where it goes[^]*write certificate and private_key/],
  [
    'cert',
    tls,
    ['cert'],
    73,
    /serve\.pem is there, and its readers have pinned it[^]*remove both first: rm /,
  ],
  ['status', tls, ['install'], 66, /cannot read the certificate [^]*delta-serve cert makes one/],
  ['key', () => '', [], 64, /reader/],
  ['status --app other', () => '', [], 64, /other/],
];

test.each(refusals)('%s is refused with the way out', async (line, more, before, exitCode, words) => {
  const world = served(more);
  for (const command of before) await world.run('delta-serve', [command]);
  const ended = await world.run('delta-serve', line.split(' '));
  expect(ended.stderr).toMatch(words);
  expect(ended.exitCode).toBe(exitCode);
});

test.each(['status', 'install', 'uninstall', 'cert'])(
  '%s of nothing that is served says where to write it',
  async (command) => {
    const world = new TypedWorld();
    onTestFinished(() => world[Symbol.asyncDispose]());
    makeBookings(world.database, { rows: 1 });
    world.configure();
    const { exitCode, stderr } = await world.run('delta-serve', [command]);
    expect(stderr).toMatch(/cannot find an app to serve[^]*write \[apps\.<name>\.serve\]/);
    expect(exitCode).toBe(78);
  },
);

test.each(['status', 'install', 'uninstall'])('%s of a database that is gone makes none', async (command) => {
  const world = served();
  rmSync(world.database);
  const { exitCode, stderr } = await world.run('delta-serve', [command]);
  expect(stderr).toContain(world.database);
  expect(exitCode).toBe(66);
  expect(existsSync(world.database)).toBe(false);
});

test('of several that are served one has to be named', async () => {
  const world = served();
  world.configure({
    apps: ['one', 'two']
      .map((name) => `[apps.${name}]\ndatabase = "${world.database}"\n[apps.${name}.serve]\n`)
      .join(''),
  });
  const { exitCode, stderr } = await world.run('delta-serve', ['status']);
  expect(stderr).toMatch(/several are served[^]*--app with one of one, two/);
  expect(exitCode).toBe(64);
});

describe('what pushes its changes as well', () => {
  const pushed = (capture: string) => () =>
    `[apps.bookings.delta]\nto = "https://x"\nsource = "s"\ncapture = "${capture}"\n`;

  test('has no triggers taken away by who serves them', async () => {
    const world = served(pushed('triggers'));
    await world.run('delta-serve', ['install']);
    const { exitCode, stderr } = await world.run('delta-serve', ['uninstall']);
    expect(stderr).toMatch(/its changes are pushed as well[^]*delta-push uninstall --app bookings/);
    expect(exitCode).not.toBe(0);
    expect(ask(world, ours)).toContain('_holdfast_log');
  });

  test('by comparison cannot be served', async () => {
    const world = served(pushed('diff'));
    const { exitCode, stderr } = await world.run('delta-serve', ['install']);
    expect(stderr).toMatch(/capture = "diff", which notes no changes[^]*leave it out/);
    expect(exitCode).toBe(78);
  });
});

describe('the service', () => {
  async function hosted(more = '') {
    const host = new HostedService();
    onTestFinished(() => host[Symbol.asyncDispose]());
    const port = await freePort();
    makeBookings(host.world.database, { rows: 2 });
    host.world.configure({ app: `[apps.bookings.serve]\nlisten = "127.0.0.1:${port}"\n${more}` });
    const start = () =>
      host.start({ graceMs: 1000, serve: (context, ready) => serve(context, ready, { app: undefined }) });
    return { host, port, start };
  }

  test('ends where nothing is installed, and says what has to be done', async () => {
    const { host, start } = await hosted();
    expect(await (await start()).exitCode).toBe(66);
    expect(host.log).toMatch(/delta-serve install --app bookings/);
  });

  test('answers, holds its lock, and ends when it is told to', async () => {
    const { host, port, start } = await hosted();
    const typed = new TypedWorld();
    onTestFinished(() => typed[Symbol.asyncDispose]());
    const environment = { HOLDFAST_CONFIG: host.world.config };
    expect((await typed.run('delta-serve', ['install'], { environment })).exitCode).toBe(0);
    const { exitCode } = await start();
    for (let turns = 0; host.said.length === 0 && turns < 200_000; turns += 1)
      await new Promise(setImmediate);
    expect(host.said[0]).toBe(`ready: serving bookings on http://127.0.0.1:${port}`);
    expect(host.log).toContain('nobody may ask: apps.bookings.serve has no keys; delta-serve key makes one');
    const answer = await fetch(`http://127.0.0.1:${port}/api/sync/schema`);
    expect(await answer.json()).toMatchObject({ success: true, tables: { booking: {}, payment: {} } });
    const uninstalled = await typed.run('delta-serve', ['uninstall'], { environment });
    expect(uninstalled).toMatchObject({
      exitCode: 75,
      stderr: expect.stringContaining('delta-serve run') as string,
    });
    await host.tellToStop();
    expect(await exitCode).toBe(0);
    expect((await typed.run('delta-serve', ['uninstall'], { environment })).exitCode).toBe(0);
  });
});

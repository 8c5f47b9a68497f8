// Being told to stop ends every command, wherever it is: before it begins, while it waits for a second that is free, in
// a stop command. The lock of a dying run is in test/lib/lock; what only a process can show in test/e2e/signals.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Interrupted } from '../../lib/run/failure.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { type InProcessOptions, runInProcess } from '../support/in-process.ts';
import { jobs, TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';

const commands = [
  ...[
    'run',
    'backup name',
    'info',
    'list',
    'list-backups',
    'verify --all',
    'prune',
    'remove name --yes',
    'test',
    'upload',
  ].map((line) => ['db-backup', line]),
  ...[
    'list',
    'status',
    'plan latest',
    'run latest --yes',
    'undo --yes',
    'drill',
    'run latest --to /nowhere/x.db',
  ].map((line) => ['restore', line]),
  ...['deliver', 'list', 'ack x', 'test', 'spool --job db-backup --result timeout'].map((line) => [
    'alert-send',
    line,
  ]),
] as [string, string][];

async function worldWithBackup(app = ''): Promise<TypedWorld> {
  const world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  world.configure({ app });
  makeBookings(world.database, { journalMode: 'delete' });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return world;
}

function type(world: TypedWorld, [command, line]: readonly [string, string], options: InProcessOptions) {
  const job = jobs[command];
  if (job === undefined) throw new Error(command);
  const environment = { HOLDFAST_CONFIG: world.config };
  const args = line.split(' ');
  return runInProcess(job, args, { clock: world.clock, environment, ...options });
}

const stopped = new Interrupted('SIGTERM');

test('before it begins: nothing is done', async () => {
  const world = await worldWithBackup();
  writeFileSync(world.config, '[alerts.ntfy]\n', { flag: 'a' });
  const isTrace = (name: string) => /^(state\/(ops\.db|spool\/)|run\/)/.test(name);
  const before = world.fingerprint(world.home, isTrace);
  for (const typed of commands) {
    const { exitCode, stderr } = await type(world, typed, { signal: AbortSignal.abort(stopped) });
    expect({ typed, exitCode, stderr }).toMatchObject({ typed, exitCode: 143 });
  }
  expect(world.fingerprint(world.home, isTrace)).toEqual(before);
});

test('while it waits for a second that is free', async () => {
  const world = await worldWithBackup();
  const stop = new AbortController();
  const wait: InProcessOptions['wait'] = async (_, signal) => {
    stop.abort(stopped);
    signal.throwIfAborted();
  };
  writeFileSync(world.database, '', { flag: 'a' });
  const ended = await type(world, ['db-backup', 'run'], {
    signal: stop.signal,
    wait,
    clock: fixedClock(world.clock.now().toISOString()),
  });
  expect(ended).toMatchObject({ exitCode: 143 });
});

test('while a stop command is at work, which is ended, and the app started again', async () => {
  const world = new TypedWorld();
  onTestFinished(() => world[Symbol.asyncDispose]());
  const mark = (name: string) => join(world.home, name);
  world.configure({
    app: `stop = "touch ${mark('stopping')}; sleep 1000"\nstart = "touch ${mark('started')}"`,
  });
  makeBookings(world.database, { journalMode: 'delete' });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  const stop = new AbortController();
  const ended = type(world, ['restore', 'run latest --yes'], { signal: stop.signal });
  await vi.waitFor(() => expect(existsSync(mark('stopping'))).toBe(true), { timeout: 10_000 });
  stop.abort(stopped);
  expect(await ended).toMatchObject({ exitCode: 143 });
  expect(existsSync(mark('started'))).toBe(true);
});

test.each(['run latest --yes', 'undo --yes'])(
  'while restore %s asks whether the app is well: its database is in place, and nothing is left to settle',
  async (line) => {
    const world = new TypedWorld();
    onTestFinished(() => world[Symbol.asyncDispose]());
    const asked = join(world.home, 'asked');
    world.configure();
    makeBookings(world.database, { journalMode: 'delete' });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    expect(await world.run('restore', ['run', 'latest', '--yes'])).toMatchObject({ exitCode: 0 });
    world.configure({ app: `health = { command = "touch ${asked}; sleep 1000", timeout_seconds = 900 }` });
    const stop = new AbortController();
    const ended = type(world, ['restore', line], { signal: stop.signal });
    await vi.waitFor(() => expect(existsSync(asked)).toBe(true), { timeout: 10_000 });
    stop.abort(stopped);
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(143);
    expect(stderr).toContain(`is in place at ${world.database}`);
    const names = readdirSync(dirname(world.database));
    expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
    expect(names.filter((name) => name.includes('.undo-'))).toHaveLength(2);
  },
);

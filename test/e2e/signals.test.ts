// One SIGTERM, or one Ctrl-C, ends a command wherever it is: at a question, before a reader that does not read, in a slow
// stop command. The work itself is tried in test/jobs and test/lib, with the signal that the process makes of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeBookings, World } from '../support/world.ts';

const bin = join(import.meta.dirname, '../../bin');
const signals = ['SIGTERM', 'SIGINT'] as const;
const soonMs = 15_000;

function worldOf(app = ''): World {
  const world = new World();
  onTestFinished(() => world[Symbol.asyncDispose]());
  world.configure({ app });
  makeBookings(world.database, { journalMode: 'delete' });
  return world;
}

function start(program: string, args: readonly string[], environment: Record<string, string>): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: tmpdir(), TZ: 'UTC', ...environment };
  const child = spawn(program, args, { cwd: '/', env, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Waits until the process has said something. Nothing reads its standard output meanwhile. */
async function said(
  child: ChildProcess,
  pattern: RegExp,
  from: 'stdout' | 'stderr' = 'stderr',
): Promise<void> {
  let text = '';
  child[from]?.on('data', (piece: Buffer) => (text += piece.toString()));
  await vi.waitFor(() => expect(text).toMatch(pattern), { timeout: soonMs });
}

async function ending(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const { promise, resolve } = Promise.withResolvers<{
    code: number | null;
    signal: NodeJS.Signals | null;
  }>();
  child.on('exit', (code, signal) => resolve({ code, signal }));
  return promise;
}

test.each(signals)('%s at a question that waits for a pipe', { timeout: soonMs }, async (signal) => {
  const world = worldOf();
  const variables = { DROPBOX_APP_KEY: 'key', HOLDFAST_STATE: world.state, HOLDFAST_RUN: world.home };
  const child = start(join(bin, 'db-backup'), ['link'], { ...variables, DATABASE_PATH: world.database });
  await said(child, /Code: $/);
  child.kill(signal);
  expect(await ending(child)).toEqual({ code: null, signal });
});

test.each(signals)('%s at a question on a terminal', { timeout: 2 * soonMs }, async (signal) => {
  const world = worldOf();
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  const pid = join(world.home, 'pid');
  const line = `echo $$ >${pid}; exec ${join(bin, 'restore')} run latest`;
  const child = start('script', ['-qec', line, '/dev/null'], {
    HOLDFAST_CONFIG: world.config,
    SHELL: '/bin/sh',
  });
  await said(child, /\[y\/N\] /, 'stdout');
  if (signal === 'SIGINT')
    child.stdin?.write('\u0003'); // as a key: the terminal is not its shell's meanwhile
  else process.kill(Number(readFileSync(pid, 'utf8')), signal);
  expect((await ending(child)).code).toBe(signal === 'SIGINT' ? 130 : 143);
});

test.each(signals)('%s while nobody reads what it prints', { timeout: 2 * soonMs }, async (signal) => {
  const world = worldOf();
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  const folder = join(world.store, 'other');
  mkdirSync(folder);
  for (let i = 0; i < 4000; i += 1) writeFileSync(join(folder, `${i}-${'n'.repeat(200)}`), '');
  const child = start(join(bin, 'db-backup'), ['list', '--json'], { HOLDFAST_CONFIG: world.config });
  const { promise, resolve } = Promise.withResolvers<void>();
  child.stdout?.once('readable', resolve);
  await promise;
  child.kill(signal);
  expect(await ending(child)).toEqual({ code: null, signal });
});

test.each(signals)(
  '%s in a slow stop command: what it started is ended, and the app started again',
  { timeout: 3 * soonMs },
  async (signal) => {
    const marks = (name: string) => join(tmpdir(), `holdfast-${process.pid}-${signal}-${name}`);
    const world = worldOf(
      `stop = "touch ${marks('stopping')}; sleep 1000"\nstart = "touch ${marks('started')}"`,
    );
    onTestFinished(async () => {
      const { rmSync } = await import('node:fs');
      for (const name of ['stopping', 'started']) rmSync(marks(name), { force: true });
    });
    expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
    const child = start(join(bin, 'restore'), ['run', 'latest', '--yes'], { HOLDFAST_CONFIG: world.config });
    await vi.waitFor(() => expect(existsSync(marks('stopping'))).toBe(true), { timeout: soonMs });
    child.kill(signal);
    expect(await ending(child)).toEqual({ code: null, signal });
    expect(existsSync(marks('started'))).toBe(true);
  },
);

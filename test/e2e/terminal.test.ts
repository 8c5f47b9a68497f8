// The terminal of a run, and who reads what it says: gone, closed, full, or asleep. None of it ends a run half-way.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runsOf } from '../support/history-rows.ts';
import { makeBookings, runProgram, World } from '../support/world.ts';

const bin = join(import.meta.dirname, '../../bin');
const soonMs = 20_000;

async function worldWithBackup(app = ''): Promise<World> {
  const world = new World();
  onTestFinished(() => world[Symbol.asyncDispose]());
  world.configure({ app, top: '[alerts.ntfy]\n' });
  makeBookings(world.database, { journalMode: 'delete' });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  return world;
}

function shell(world: World, line: string) {
  return runProgram('bash', ['-c', line], { environment: { HOLDFAST_CONFIG: world.config, BIN: bin } });
}

/** Messages of the runs that are to be told. */
function spooled(world: World): string[] {
  const folder = join(world.state, 'spool', 'new');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** A command line typed at a terminal of its own. */
function atTerminal(world: World, line: string): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: tmpdir(), TZ: 'UTC', SHELL: '/bin/sh', TERM: 'xterm' };
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: { ...env, HOLDFAST_CONFIG: world.config },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function until(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  child.stdout?.on('data', (piece: Buffer) => (text += piece.toString()));
  await vi.waitFor(() => expect(text).toMatch(pattern), { timeout: soonMs });
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('exit', resolve);
  return promise;
}

test('what it prints and says has nowhere to go: the work is done, and each end has its exit code', async () => {
  const world = await worldWithBackup();
  const ends: [line: string, codes: string, says: RegExp][] = [
    [
      '$BIN/db-backup list-backups >/dev/full',
      '74',
      /cannot write the result .* no space left on the device\n.*hint/,
    ],
    ['$BIN/db-backup --help >/dev/full', '74', /cannot write the result/],
    ['$BIN/db-backup backup a >/dev/full', '74', /no space left/],
    ['$BIN/db-backup backup b 2>/dev/full', '0', /^$/],
    ['$BIN/db-backup backup c --verbose 2>&1 >/dev/null | true', '0', /^$/],
    ['$BIN/db-backup backup d --verbose 2>&1 | head -1', '0', /^$/],
    ['$BIN/db-backup list-backups --json | true', '0', /^$/],
    ['$BIN/db-backup backup e <&- >&- 2>&-', '0', /^$/],
    ['$BIN/restore run latest --yes --verbose >/dev/full 2>&1', '74', /^$/],
    ['$BIN/restore run nothing --yes >/dev/full', '66', /cannot find/],
  ];
  for (const [line, code, says] of ends) {
    const { exitCode, stderr } = await shell(world, `${line}; exit "\${PIPESTATUS[0]}"`);
    expect({ line, exitCode: String(exitCode), stderr }).toEqual({
      line,
      exitCode: code,
      stderr: expect.stringMatching(says),
    });
    expect(stderr).not.toMatch(/\n {4}at /);
  }
  const { stdout } = await shell(world, '$BIN/db-backup list-backups; $BIN/db-backup verify --all');
  for (const name of 'abcde') expect(stdout).toContain(`proven: backups/bookings/${name}.db`);
});

test('a log that nobody reads holds up neither the work nor its end', { timeout: 3 * soonMs }, async () => {
  const world = await worldWithBackup(`stop = "true"\nstart = "touch ${tmpdir()}/started-$PPID"`);
  // A pipe that is full already, whose reader is asleep.
  const full = `mkfifo ${world.home}/log; sleep 1000 <>${world.home}/log & sleeper=$!; exec 5<>${world.home}/log;
    yes 2>/dev/null | timeout 1 dd bs=4096 oflag=nonblock status=none >&5 2>/dev/null;
    $BIN/restore run latest --yes --verbose 2>&5 5>&-; code=$?; kill $sleeper; exit $code`;
  const { exitCode, stdout } = await shell(world, full);
  expect(stdout).toContain('restored');
  expect(exitCode).toBe(0);
});

test.each([
  ['stopping', 'the old database stays', /stopped by SIGHUP: nothing new was left behind/],
  ['starting', 'the new one is in place', /stopped by SIGHUP: .* is in place at /],
] as const)(
  'a terminal that is closed while the app is %s: it is started again, %s, and it is told at once',
  { timeout: 3 * soonMs },
  async (at, _, message) => {
    const marks = (name: string) => join(world.home, name);
    const world = await worldWithBackup();
    const wait = (name: string) =>
      `touch ${marks(name)}; cat ${marks('word')}; touch ${marks(`${name}-end`)}`;
    execFileSync('mkfifo', [marks('word')]);
    world.configure({
      top: '[alerts.ntfy]\n',
      app: `stop = "${at === 'stopping' ? wait('stopping') : 'true'}"
start = "${at === 'starting' ? wait('starting') : `touch ${marks('started')}`}"`,
    });
    const terminal = atTerminal(world, `exec ${join(bin, 'restore')} run latest --yes`);
    await vi.waitFor(() => expect(existsSync(marks(at))).toBe(true), { timeout: soonMs });
    terminal.kill('SIGKILL'); // whoever holds the other end: an SSH session
    if (at === 'starting') writeFileSync(marks('word'), 'go on\n');
    await vi.waitFor(
      () => expect(runsOf(world).at(-1)).toMatchObject({ outcome: 'interrupted', exit_code: 129 }),
      {
        timeout: soonMs,
        interval: 200,
      },
    );
    expect(existsSync(marks(at === 'starting' ? 'starting-end' : 'started'))).toBe(true);
    await vi.waitFor(() => expect(spooled(world).join()).toMatch(message), { timeout: soonMs });
    expect(spooled(world).find((text) => message.test(text))).toMatch(/"result":\s*"failed"/);
    const { stdout } = await world.run('restore', ['status']);
    expect(stdout).not.toMatch(/interrupted|NOT running/);
  },
);

test(
  'Ctrl-C while the app is started does not end the command that starts it',
  { timeout: 3 * soonMs },
  async () => {
    const world = await worldWithBackup();
    const marks = (name: string) => join(world.home, name);
    execFileSync('mkfifo', [marks('word')]);
    world.configure({
      app: `stop = "true"\nstart = "touch ${marks('starting')}; cat ${marks('word')}; touch ${marks('started')}"`,
    });
    const terminal = atTerminal(world, `exec ${join(bin, 'restore')} run latest --yes`);
    const said = until(
      terminal,
      /SIGINT received, stopping when a whole database is in place and the app is started/,
    );
    await vi.waitFor(() => expect(existsSync(marks('starting'))).toBe(true), { timeout: soonMs });
    terminal.stdin?.write('\u0003');
    await said;
    writeFileSync(marks('word'), 'go on\n');
    expect(await exitCodeOf(terminal)).toBe(130);
    expect(existsSync(marks('started'))).toBe(true);
  },
);

test.each([
  ['\u0003', 130, /stopped by SIGINT: nothing new was left behind/],
  ['\u0004', 1, /nothing was changed/],
  ['n\r', 1, /nothing was changed/],
] as const)(
  '%j at the question whether to replace the database',
  { timeout: 2 * soonMs },
  async (key, code, says) => {
    const world = await worldWithBackup();
    const before = readFileSync(world.database);
    const terminal = atTerminal(world, `exec ${join(bin, 'restore')} run latest`);
    const ended = exitCodeOf(terminal);
    const said = until(terminal, says);
    await until(terminal, /\[y\/N\] /);
    terminal.stdin?.write(key);
    expect(await ended).toBe(code);
    await said;
    expect(readFileSync(world.database).equals(before)).toBe(true);
  },
);

test('a hangup that was ignored when it began (nohup) stays ignored', { timeout: 2 * soonMs }, async () => {
  const world = await worldWithBackup();
  const marks = (name: string) => join(world.home, name);
  execFileSync('mkfifo', [marks('word')]);
  world.configure({ app: `stop = "touch ${marks('stopping')}; cat ${marks('word')}"\nstart = "true"` });
  const line = `trap '' HUP; echo $$ >${marks('pid')}; exec $BIN/restore run latest --yes`;
  const ended = shell(world, line);
  await vi.waitFor(() => expect(existsSync(marks('stopping'))).toBe(true), { timeout: soonMs });
  process.kill(Number(readFileSync(marks('pid'), 'utf8')), 'SIGHUP');
  writeFileSync(marks('word'), 'go on\n');
  expect(await ended).toMatchObject({ exitCode: 0 });
});

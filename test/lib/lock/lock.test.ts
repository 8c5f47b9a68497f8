import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { acquireLock } from '../../../lib/lock/lock.ts';
import { currentProcess } from '../../../lib/files/process-identity.ts';
import { lockHolder, writeOwner } from '../../../lib/lock/owner.ts';
import { runBriefly } from '../../../lib/process/run-briefly.ts';
import { lockRequest, otherProcess, shellGetsIt, tell } from '../../support/locks.ts';
import { scratch } from '../../support/scratch.ts';
import { spawnLines } from '../../support/spawn-lines.ts';

test('a lock that is held is refused to another process, which reads who holds it', async () => {
  const directory = join(scratch(), 'locks');
  await using lock = await acquireLock(lockRequest(directory));
  await using other = await otherProcess(directory);
  expect(lock.path).toBe(join(directory, 'ctv.lock'));
  expect(await tell(other, 'acquire')).toBe(
    `refused busy: cannot lock ctv: db-backup run (pid ${process.pid} on ${hostname()}) has held it since 2026-11-20 02:05:13Z`,
  );
});

test('a lock that another process holds is refused to us, with the commands that show the holder', async () => {
  const directory = scratch();
  await using other = await otherProcess(directory);
  expect(await tell(other, 'acquire')).toBe('held');
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringMatching(
      `^cannot lock ctv: restore run \\(pid ${other.pid} on .+\\) has held it since 20.+Z$`,
    ) as string,
    hint: `ps -fp ${other.pid} or systemctl status ${other.pid} shows it; try again when it has ended`,
  });
});

test('locks of different names do not exclude each other', async () => {
  const directory = scratch();
  await using first = await acquireLock(lockRequest(directory));
  await using second = await acquireLock(lockRequest(directory, { name: 'tagtracker' }));
  expect(first.path).not.toBe(second.path);
});

test('two locks of one process exclude each other', async () => {
  const directory = scratch();
  await using lock = await acquireLock(lockRequest(directory));
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({ kind: 'busy' });
  expect(lock.signal.aborted).toBe(false);
});

test('a released lock can be taken again, and releasing twice does nothing', async () => {
  const directory = scratch();
  const first = await acquireLock(lockRequest(directory));
  await first.release();
  await using second = await acquireLock(lockRequest(directory));
  await first.release();
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({ kind: 'busy' });
  expect((await lockHolder(directory, 'ctv'))?.runId).toBe('run-1');
  await second.release();
  expect(shellGetsIt(directory)).toBe(true);
});

test('leaving the scope releases the lock and takes the name away, but never the lock file', async () => {
  const directory = scratch();
  {
    await using lock = await acquireLock(lockRequest(directory));
    expect(readdirSync(directory).sort()).toEqual(['ctv.lock', 'ctv.owner.json']);
    expect(lock.signal.aborted).toBe(false);
  }
  expect(readdirSync(directory)).toEqual(['ctv.lock']);
  expect(shellGetsIt(directory)).toBe(true);
});

test('a shell script does not get the lock while we hold it', async () => {
  const directory = scratch();
  await using lock = await acquireLock(lockRequest(directory));
  expect(shellGetsIt(directory)).toBe(false);
  await lock.release();
  expect(shellGetsIt(directory)).toBe(true);
});

test('we do not get the lock while a shell script holds it', async () => {
  const directory = scratch();
  const path = join(directory, 'ctv.lock');
  await using script = spawnLines('flock', [path, 'sh', '-c', 'echo held; cat']);
  await script.line('held');
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({
    kind: 'busy',
    message: 'cannot lock ctv: another program (no owner file) holds it',
    hint: `fuser -v ${path} shows which; try again when it has ended`,
  });
  script.endInput();
  expect(await script.ended).toBe(0);
  await using lock = await acquireLock(lockRequest(directory));
  expect(lock.path).toBe(path);
});

test('a killed holder frees the lock at once, even when a process that it started lives on', async () => {
  const directory = scratch();
  await using other = await otherProcess(directory);
  expect(await tell(other, 'acquire')).toBe('held');
  const grandchild = Number((await tell(other, 'grandchild')).split(' ')[1]);
  onTestFinished(() => void process.kill(grandchild, 'SIGKILL'));
  await other.kill('SIGKILL');
  expect(existsSync(join(directory, 'ctv.owner.json'))).toBe(true);
  expect(await lockHolder(directory, 'ctv')).toBeUndefined();
  expect(shellGetsIt(directory)).toBe(true);
  await using lock = await acquireLock(lockRequest(directory));
  expect(process.kill(grandchild, 0)).toBe(true);
  expect((await lockHolder(directory, 'ctv'))?.pid).toBe(process.pid);
  expect(lock.signal.aborted).toBe(false);
});

test('a holder that stands still keeps the lock', async () => {
  const directory = scratch();
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  await using other = await otherProcess(directory);
  expect(await tell(other, 'acquire')).toBe('held');
  expect(await tell(other, `block ${pipe}`)).toBe('blocked');
  expect(shellGetsIt(directory)).toBe(false);
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({ kind: 'busy' });
  writeFileSync(pipe, 'now');
  expect(await other.line(/./)).toBe('unblocked now');
  expect(await tell(other, 'release')).toBe('released');
  expect(shellGetsIt(directory)).toBe(true);
});

test('a lock that nobody refers to any more is held all the same', async () => {
  const directory = scratch();
  await using other = await otherProcess(directory);
  expect(await tell(other, 'acquire')).toBe('held');
  expect(await tell(other, 'forget')).toBe('forgotten');
  expect(shellGetsIt(directory)).toBe(false);
});

test('of eight processes that want the lock at the same time exactly one gets it', async () => {
  const directory = join(scratch(), 'new');
  const others = await Promise.all(Array.from({ length: 8 }, (_, i) => otherProcess(directory, `run ${i}`)));
  onTestFinished(async () => {
    await Promise.all(others.map((other) => other.kill('SIGKILL')));
  });
  const words = await Promise.all(others.map((other) => tell(other, 'acquire')));
  expect(words.filter((word) => word === 'held')).toHaveLength(1);
  expect(words.filter((word) => word.startsWith('refused busy:'))).toHaveLength(7);
  expect((await lockHolder(directory, 'ctv'))?.pid).toBe(others[words.indexOf('held')]?.pid);
});

test('the name of a dead holder is no obstacle, and is replaced', async () => {
  const directory = scratch();
  const other = await otherProcess(directory);
  await tell(other, 'acquire');
  await other.kill('SIGKILL');
  await using lock = await acquireLock(lockRequest(directory, { runId: 'run-2' }));
  expect((await lockHolder(directory, 'ctv'))?.runId).toBe('run-2');
  await lock.release();
  expect(await lockHolder(directory, 'ctv')).toBeUndefined();
});

test('a holder that has just died is waited for once, a living one is not', async () => {
  const directory = scratch();
  const other = await otherProcess(directory);
  await tell(other, 'acquire');
  const calls: string[] = [];
  const busyAtFirst: CommandRunner = (command, args, options) => {
    calls.push(args.slice(0, -1).join(' '));
    if (calls.length > 1) return runBriefly(command, args, options);
    return Promise.resolve({ exitCode: 75, stdout: '', stderr: '' });
  };
  await expect(acquireLock(lockRequest(directory, { run: busyAtFirst }))).rejects.toThrow(
    'has held it since',
  );
  expect(calls).toEqual(['--nonblock --conflict-exit-code 75']);
  calls.length = 0;
  await other.kill('SIGKILL');
  await using lock = await acquireLock(lockRequest(directory, { run: busyAtFirst }));
  expect(calls).toEqual(['--nonblock --conflict-exit-code 75', '--timeout 3 --conflict-exit-code 75']);
  expect(lock.signal.aborted).toBe(false);
});

test('a script that took the lock after a holder had died is not mistaken for the dead one', async () => {
  const directory = scratch();
  const other = await otherProcess(directory);
  await tell(other, 'acquire');
  await other.kill('SIGKILL');
  const busy: CommandRunner = () => Promise.resolve({ exitCode: 75, stdout: '', stderr: '' });
  await expect(acquireLock(lockRequest(directory, { run: busy }))).rejects.toThrow(
    'cannot lock ctv: another program (no owner file) holds it',
  );
});

test('a failure of flock is an error and not a held lock', async () => {
  const directory = scratch();
  const run: CommandRunner = (_command, args, options) =>
    runBriefly('sh', ['-c', 'exit 71', ...args], options);
  await expect(acquireLock(lockRequest(directory, { run }))).rejects.toMatchObject({ kind: 'io' });
  expect(shellGetsIt(directory)).toBe(true);
  expect(existsSync(join(directory, 'ctv.owner.json'))).toBe(false);
});

test('being told to stop ends the wait for a holder that is dying', async () => {
  const directory = scratch();
  await writeOwner(directory, 'ctv', {
    ...currentProcess(),
    pid: 4_000_000,
    purpose: 'db-backup run',
    runId: 'x',
    since: new Date(0),
  });
  const stop = new AbortController();
  // The kernel has not let go yet: flock(1) says so at once, then waits.
  const run: CommandRunner = async (_, args, { signal } = {}) => {
    if (args.includes('--nonblock')) return { exitCode: 75, stdout: '', stderr: '' };
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
    stop.abort(new Error('stopped'));
    return promise;
  };
  await expect(acquireLock(lockRequest(directory, { run, signal: stop.signal }))).rejects.toThrow('stopped');
});

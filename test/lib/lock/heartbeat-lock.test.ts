import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { acquireLock } from '../../../lib/lock/lock.ts';
import { lockRequest, otherProcess, tell } from '../../support/locks.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

const withoutFlock: CommandRunner = async () => {
  throw new OpsError('missing', 'cannot run flock: it is not installed');
};

function request(directory: string) {
  return { ...lockRequest(directory), run: withoutFlock, log: recordingLog() };
}

async function contend(directory: string) {
  const other = await otherProcess(directory, 'restore run', 'no-flock');
  return { other, said: await tell(other, 'acquire') };
}

test('without flock a lock that is held is refused to another process, which reads who holds it', async () => {
  const directory = join(scratch(), 'locks');
  await using lock = await acquireLock(request(directory));
  const { other, said } = await contend(directory);
  expect(said).toContain(`refused busy: cannot lock ctv: db-backup run (pid ${process.pid} on `);
  await other.kill('SIGKILL');
  await lock.release();
  expect(readdirSync(directory)).toEqual(['ctv.lock']);
});

test('without flock a released lock can be taken again', async () => {
  const directory = scratch();
  const first = await acquireLock(request(directory));
  await first.release();
  await first.release();
  await using second = await acquireLock(request(directory));
  expect(second.signal.aborted).toBe(false);
});

test('without flock, too, an app whose name looks like the file of a lock has one of its own', async () => {
  const asked = request(scratch());
  await using lock = await acquireLock(asked);
  await using other = await acquireLock({ ...asked, name: 'ctv.lock' });
  expect(other.path).not.toBe(lock.path);
});

test('that the lock is a weaker one is said once', async () => {
  const asked = request(scratch());
  await (await acquireLock(asked)).release();
  await (await acquireLock(asked)).release();
  expect(asked.log.lines.filter(({ level }) => level === 'warn')).toEqual([
    {
      level: 'warn',
      message: 'flock is not installed: using a weaker lock',
      fields: { hint: 'install util-linux' },
    },
  ]);
});

test('a lock that is lost while it is held aborts the signal', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const directory = scratch();
  const asked = request(directory);
  const lock = await acquireLock(asked);
  const aborted = once(lock.signal, 'abort');
  await rmdir(join(directory, 'ctv.heartbeat'));
  vi.advanceTimersByTime(5000); // as often as it is looked at
  await aborted;
  expect(lock.signal.reason).toMatchObject({
    kind: 'refused',
    message: 'cannot go on without the lock of ctv: another program may have taken it',
  });
  expect(
    asked.log.lines.some(({ level, message }) => level === 'error' && message === 'the lock is lost'),
  ).toBe(true);
  await lock.release();
});

test('a lock that somebody else has taken in the meantime is left to them', async () => {
  const directory = scratch();
  const lock = await acquireLock(request(directory));
  writeFileSync(join(directory, 'ctv.owner.json'), 'of somebody else');
  await lock.release();
  expect(existsSync(join(directory, 'ctv.heartbeat'))).toBe(true);
  expect(existsSync(join(directory, 'ctv.owner.json'))).toBe(true);
});

test('after a holder was killed the message says that the lock frees itself', async () => {
  const directory = scratch();
  const { other, said } = await contend(directory);
  expect(said).toBe('held');
  await other.kill('SIGKILL');
  await expect(acquireLock(request(directory))).rejects.toMatchObject({
    kind: 'busy',
    message: `cannot lock ctv: restore run (pid ${other.pid}) died while it held the lock`,
    hint: 'the lock frees itself within a minute; try again then',
  });
});

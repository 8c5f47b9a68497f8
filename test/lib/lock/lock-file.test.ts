import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { acquireLock } from '../../../lib/lock/lock.ts';
import { runBriefly } from '../../../lib/process/run-briefly.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { lockRequest, shellGetsIt } from '../../support/locks.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

test('what is in the lock file stays', async () => {
  const directory = scratch();
  const path = join(directory, 'ctv.lock');
  appendFileSync(path, 'a note');
  const inode = statSync(path).ino;
  await (await acquireLock(lockRequest(directory))).release();
  expect(readFileSync(path, 'utf8')).toBe('a note');
  expect(statSync(path).ino).toBe(inode);
});

test('a lock file that was replaced while the lock was taken does not count', async () => {
  const directory = scratch();
  const path = join(directory, 'ctv.lock');
  let replaced = false;
  const run: CommandRunner = async (...call) => {
    const result = await runBriefly(...call);
    if (!replaced) await rename(path, join(directory, 'old'));
    replaced = true;
    return result;
  };
  await using lock = await acquireLock(lockRequest(directory, { run }));
  expect(lock.path).toBe(path);
  expect(shellGetsIt(directory)).toBe(false);
});

test('a directory for locks is made for the group, whatever the umask', async () => {
  const directory = join(scratch(), 'run', 'locks');
  const before = process.umask(0o077);
  try {
    await (await acquireLock(lockRequest(directory))).release();
  } finally {
    process.umask(before);
  }
  expect(statSync(directory).mode & 0o777).toBe(0o770);
  expect(statSync(join(directory, 'ctv.lock')).mode & 0o777).toBe(0o660);
});

test('a directory that is there keeps its mode', async () => {
  const directory = join(scratch(), 'locks');
  mkdirSync(directory, { mode: 0o700 });
  await (await acquireLock(lockRequest(directory))).release();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('where locks may not be made the way out is named', async () => {
  await expect(acquireLock(lockRequest('/sys/holdfast'))).rejects.toMatchObject({
    kind: 'denied',
    hint: 'run it with sudo, or as a user who may write /sys/holdfast: a lock elsewhere would keep nobody out',
  });
});

test('a user who may not write the directory is denied', async () => {
  const directory = join(scratch(), 'locks');
  mkdirSync(directory);
  chmodSync(join(directory, '..'), 0o755);
  chmodSync(directory, 0o555);
  await asNobody(async () => {
    await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot open the lock ${join(directory, 'ctv.lock')}: permission denied`,
    });
  });
});

test('a lock file that may only be read is enough', async () => {
  const directory = scratch();
  writeFileSync(join(directory, 'ctv.lock'), '');
  chmodSync(join(directory, 'ctv.lock'), 0o444);
  chmodSync(directory, 0o777);
  await asNobody(async () => {
    await using lock = await acquireLock(lockRequest(directory));
    expect(shellGetsIt(directory)).toBe(false);
    await lock.release();
    expect(shellGetsIt(directory)).toBe(true);
  });
});

test('a lock that is a symbolic link is refused and not followed', async () => {
  const directory = scratch();
  const target = join(directory, 'target');
  await symlink(target, join(directory, 'ctv.lock'));
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({
    kind: 'refused',
    message: `cannot use the lock ${join(directory, 'ctv.lock')}: it is a symbolic link`,
  });
  expect(existsSync(target)).toBe(false);
});

test.each(['mkdir', 'mkfifo'])('a lock that is no plain file is refused (%s)', async (make) => {
  const directory = scratch();
  execFileSync(make, [join(directory, 'ctv.lock')]);
  await expect(acquireLock(lockRequest(directory))).rejects.toMatchObject({ kind: 'refused' });
});

test('a name that cannot be left is a warning: the lock is held all the same', async () => {
  const directory = scratch();
  mkdirSync(join(directory, 'ctv.owner.json'));
  const log = recordingLog();
  await using lock = await acquireLock(lockRequest(directory, { log }));
  expect(shellGetsIt(directory)).toBe(false);
  expect(log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'the lock is held without a name',
  ]);
  await lock.release();
  expect(shellGetsIt(directory)).toBe(true);
});

test('a name that is not ours any more stays', async () => {
  const directory = scratch();
  const path = join(directory, 'ctv.owner.json');
  const lock = await acquireLock(lockRequest(directory));
  writeFileSync(path, 'of somebody else');
  await lock.release();
  expect(readFileSync(path, 'utf8')).toBe('of somebody else');
});

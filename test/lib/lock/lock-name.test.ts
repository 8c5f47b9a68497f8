// The names of locks: one file for each app and each scope, whatever they are called.
import { expect, test } from 'vitest';
import { ownerPath } from '../../../lib/lock/owner.ts';
import { lockName, type LockSubject } from '../../../lib/lock/lock-name.ts';
import { acquireLock } from '../../../lib/lock/lock.ts';
import { lockPath } from '../../../lib/lock/lock-file.ts';
import { lockRequest, shellGetsIt } from '../../support/locks.ts';
import { scratch } from '../../support/scratch.ts';

const subjects: LockSubject[] = [
  { scope: 'alert-send' },
  { scope: 'delta' },
  ...['ctv', 'ctv.delta', 'ctv-delta', 'ctv.lock', 'ctv.owner.json', 'delta'].flatMap((name) => [
    { name },
    { name, scope: 'delta' },
    { name, scope: 'lock' },
  ]),
];

test('no two subjects have one file, be it for the lock or for its owner', () => {
  const files = subjects
    .map(lockName)
    .flatMap((lock) => [lockPath('/locks', lock), ownerPath('/locks', lock)]);
  expect(new Set(files).size).toBe(2 * subjects.length);
});

test('an app has the name that scripts lock, and a scope is told from it by a character that no app has', () => {
  expect(lockName({ name: 'ctv' })).toBe('ctv');
  expect(lockName({ name: 'ctv', scope: 'delta' })).toBe('ctv@delta');
  expect(lockName({ scope: 'alert-send' })).toBe('@alert-send');
});

test.each(['', '.', '..', '.hidden', 'a/b', '../x', 'a\0b', '@alert-send', 'ctv@delta'])(
  '%j is no name of an app to lock',
  (name) => expect(() => lockName({ name })).toThrow(expect.objectContaining({ kind: 'usage' })),
);

test.each(['', '.', 'a@b', 'a/b', 'a.lock', 'A', '-a'])('%j is no scope', (scope) => {
  for (const name of [undefined, 'ctv'])
    expect(() => lockName({ name, scope })).toThrow(expect.objectContaining({ kind: 'usage' }));
});

test('a push does not wait for the nightly run of its app, but for another push', async () => {
  const directory = scratch();
  await using night = await acquireLock(lockRequest(directory));
  await using push = await acquireLock(lockRequest(directory, { scope: 'delta', purpose: 'delta-push run' }));
  await expect(acquireLock(lockRequest(directory, { scope: 'delta' }))).rejects.toThrow(
    'cannot lock ctv@delta: delta-push run (pid',
  );
  await night.release();
  expect(shellGetsIt(directory)).toBe(true);
  expect(push.signal.aborted).toBe(false);
});

test('the lock of an app whose name looks like a scope is another one', async () => {
  const directory = scratch();
  await using push = await acquireLock(lockRequest(directory, { scope: 'delta' }));
  await using other = await acquireLock(lockRequest(directory, { name: 'ctv.delta' }));
  expect(other.path).not.toBe(push.path);
});

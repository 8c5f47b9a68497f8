// What `systemctl status` shows: one notification at a time, and none that could hold a run up.
import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { createServiceStatus } from '../../../lib/process/service-status.ts';

/** A systemd-notify that ends when it is told to. */
function notify() {
  const calls: string[] = [];
  let pending = Promise.withResolvers<void>();
  const run: CommandRunner = async (command, args) => {
    calls.push([command, ...args].join(' '));
    pending = Promise.withResolvers();
    await pending.promise;
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  const settle = async (error?: Error) => {
    if (error === undefined) pending.resolve();
    else pending.reject(error);
    await new Promise(setImmediate);
  };
  return { calls, run, settle };
}

test('is passed on, and what comes while the last one is on its way is dropped', async () => {
  const { calls, run, settle } = notify();
  const tell = createServiceStatus(run);
  tell('one');
  tell('two');
  expect(calls).toEqual(['systemd-notify --status=one']);
  await settle();
  tell('three');
  expect(calls).toEqual(['systemd-notify --status=one', 'systemd-notify --status=three']);
});

test('is given up where nobody listens', async () => {
  const { calls, run, settle } = notify();
  const tell = createServiceStatus(run);
  tell('one');
  await settle(new OpsError('missing', 'not installed'));
  tell('two');
  expect(calls).toHaveLength(1);
});

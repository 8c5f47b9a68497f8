// What a service says to its manager, as systemd-notify is told it.
import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { createServiceManager } from '../../../lib/process/service-manager.ts';

function recorded() {
  const calls: (readonly string[])[] = [];
  const run: CommandRunner = async (command, args) => {
    calls.push([command, ...args]);
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  return { calls, manager: createServiceManager(run) };
}

test('readiness, signs of life and the stop are messages of their own', async () => {
  const { calls, manager } = recorded();
  await manager.ready('listening on port 1');
  await manager.alive();
  await manager.stopping(25_000);
  expect(calls).toEqual([
    ['systemd-notify', 'READY=1', 'STATUS=listening on port 1'],
    ['systemd-notify', 'WATCHDOG=1'],
    ['systemd-notify', 'STOPPING=1', 'STATUS=stopping', 'EXTEND_TIMEOUT_USEC=25000000'],
  ]);
});

test('a status cannot say anything else', async () => {
  const { calls, manager } = recorded();
  await manager.ready('listening\nMAINPID=1');
  expect(calls).toEqual([['systemd-notify', 'READY=1', 'STATUS=listening MAINPID=1']]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { silentLog } from '../../../lib/base/log.ts';
import { createServices } from '../../../lib/process/services.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { scratch } from '../../support/scratch.ts';

/** A systemctl that writes down what it is asked, and fails where the test says so. */
function systemctl(failing: Record<string, string> = {}): { run: CommandRunner; calls: string[] } {
  const calls: string[] = [];
  const run: CommandRunner = async (command, args) => {
    const call = [command, ...args].join(' ');
    calls.push(call);
    const words = failing[call];
    if (words !== undefined) throw new OpsError('io', `cannot run systemctl: ${words}`);
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  return { run, calls };
}

const common = { log: silentLog, timeoutMs: 60_000 };

test('units are stopped in order and started in reverse order', async () => {
  const { run, calls } = systemctl();
  const services = createServices({ ...common, units: ['web.service', 'worker@1.service'], run });
  await services.stop();
  await services.start();
  expect(calls).toEqual([
    'systemctl stop -- web.service',
    'systemctl stop -- worker@1.service',
    'systemctl start -- worker@1.service',
    'systemctl start -- web.service',
  ]);
  expect(services.describe()).toBe('web.service, worker@1.service');
});

test('a unit of ours that has the database open is stopped last, and started first', async () => {
  const { run, calls } = systemctl();
  const own = 'delta-serve@herd.service';
  const services = createServices({ ...common, units: ['web.service'], own, run });
  await services.stop();
  await services.start();
  const listed = createServices({ ...common, units: [own, 'web.service'], own, run });
  await listed.stop();
  expect(calls).toEqual([
    'systemctl stop -- web.service',
    `systemctl stop -- ${own}`,
    `systemctl start -- ${own}`,
    'systemctl start -- web.service',
    `systemctl stop -- ${own}`,
    'systemctl stop -- web.service',
  ]);
});

test.each([
  ['is none of that name', new OpsError('io', 'cannot run systemctl: exit code 5'), 5],
  ['is no systemctl', new OpsError('missing', 'cannot run systemctl: it is not installed'), undefined],
  [
    'is no systemd',
    new OpsError(
      'io',
      'cannot run systemctl: exit code 1: System has not been booted with systemd as init system',
    ),
    undefined,
  ],
])('a unit of ours is nothing to speak of where there %s', async (_, error, exitCode) => {
  const log = recordingLog();
  const run: CommandRunner = async () => {
    if (exitCode === undefined) throw error;
    return { exitCode, stdout: '', stderr: '' };
  };
  const services = createServices({ ...common, log, units: [], own: 'delta-serve@herd.service', run });
  await services.stop();
  expect(await services.start()).toEqual([]);
  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
});

test('a unit of ours that cannot be stopped is told as any other', async () => {
  const own = 'delta-serve@herd.service';
  const { run } = systemctl({ [`systemctl stop -- ${own}`]: 'exit code 1: Access denied' });
  const services = createServices({ ...common, units: [], own, run });
  await expect(services.stop()).rejects.toMatchObject({ kind: 'denied' });
});

test('the commands of the configuration take the place of units', async () => {
  const path = join(scratch(), 'calls');
  const { run, calls } = systemctl();
  const [stop, start] = [`echo stop >> ${path}`, `echo start >> ${path}`];
  const services = createServices({ ...common, units: [], stop, start, run });
  await services.stop();
  await services.start();
  expect(readFileSync(path, 'utf8')).toBe('stop\nstart\n');
  expect(calls).toEqual([]);
  expect(services.describe()).toMatch(/^"echo stop >> /);
});

test('beside units, the command stops last and starts first', async () => {
  const order: string[] = [];
  const path = join(scratch(), 'calls');
  const run: CommandRunner = async (_command, args) => {
    order.push(`${args[0]} after ${readLines(path)} commands`);
    return { exitCode: 0, stdout: '', stderr: '' };
  };
  const command = `echo x >> ${path}`;
  const services = createServices({ ...common, units: ['web.service'], stop: command, start: command, run });
  await services.stop();
  await services.start();
  expect(order).toEqual(['stop after 0 commands', 'start after 2 commands']);
});

function readLines(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

test('a unit that does not stop is an error, and the rest is left alone', async () => {
  const { run, calls } = systemctl({
    'systemctl stop -- web.service': 'exit code 1: Unit web.service is masked',
  });
  const services = createServices({ ...common, units: ['web.service', 'worker.service'], run });
  await expect(services.stop()).rejects.toMatchObject({
    kind: 'io',
    message: 'cannot stop web.service: exit code 1: Unit web.service is masked',
    hint: 'systemctl status web.service shows more',
  });
  expect(calls).toEqual(['systemctl stop -- web.service']);
});

test('a unit that does not start keeps no other from being started, and every failure is named', async () => {
  const { run, calls } = systemctl({
    'systemctl start -- c.service': 'exit code 1: no memory',
    'systemctl start -- a.service': 'it took longer than 60 s',
  });
  const services = createServices({ ...common, units: ['a.service', 'b.service', 'c.service'], run });
  await expect(services.start()).rejects.toMatchObject({
    message:
      'cannot start c.service and a.service: c.service: exit code 1: no memory; a.service: it took longer than 60 s',
  });
  expect(calls).toHaveLength(3);
});

test('a user who may not stop a unit reads how to be allowed', async () => {
  const { run } = systemctl({
    'systemctl stop -- web.service': 'exit code 1: Interactive authentication required',
  });
  await expect(createServices({ ...common, units: ['web.service'], run }).stop()).rejects.toMatchObject({
    kind: 'denied',
    hint: 'run it with sudo, or allow this user to manage the unit with a polkit rule',
  });
});

test('a failing command of the configuration is quoted once', async () => {
  const failing = 'echo "no daemon: gone" >&2; exit 4';
  const options = { ...common, units: [], run: systemctl().run };
  await expect(createServices({ ...options, stop: 'true', start: failing }).start()).rejects.toMatchObject({
    message: `cannot start "${failing}": exit code 4: no daemon: gone`,
    hint: `run it by hand to see more: ${failing}`,
  });
  const services = createServices({ ...options, stop: failing, start: 'true' });
  await expect(services.stop()).rejects.toMatchObject({
    message: 'cannot stop "echo "no daemon: gone" >&2; exit 4": exit code 4: no daemon: gone',
  });
});

test('an aborted run stops nothing more', async () => {
  const { run, calls } = systemctl();
  const services = createServices({ ...common, units: ['web.service'], run });
  const reason = new Error('stopped by the test');
  await expect(services.stop(AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(calls).toEqual([]);
});

test.each([
  '--now.service',
  '-H.service',
  'web',
  'a b.service',
  '../x.service',
  'x.service\n',
  'x.mount',
  '',
])('what is no name of a unit is refused: %j', (unit) => {
  expect(() => createServices({ ...common, units: [unit], run: systemctl().run })).toThrow(
    expect.objectContaining({ kind: 'config' }) as Error,
  );
});

test('a stop command without a start command would leave the app down and is refused', () => {
  expect(() => createServices({ ...common, units: [], stop: 'true', run: systemctl().run })).toThrow(
    'cannot use a stop command alone: there is no start command',
  );
});

test('without units and commands there is nothing to do', async () => {
  const services = createServices({ ...common, units: [], run: systemctl().run });
  await services.stop();
  await services.start();
  expect(services.describe()).toBe('no services');
});

test('a unit that is not on this machine is nothing to stop, and is named where it would be started', async () => {
  const log = recordingLog();
  const run: CommandRunner = async (_, args) => ({
    exitCode: args.includes('gone.service') ? 5 : 0,
    stdout: '',
    stderr: '',
  });
  const services = createServices({ units: ['web.service', 'gone.service'], run, log, timeoutMs: 1000 });
  await services.stop();
  expect(await services.start()).toEqual(['gone.service']);
  expect(log.lines.map(({ message }) => message).join('\n')).toMatch(
    /gone\.service is not on this machine: there is nothing to stop[^]*not started/,
  );
});

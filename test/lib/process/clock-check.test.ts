import { expect, test } from 'vitest';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { clockState } from '../../../lib/process/clock-check.ts';

const answers =
  (stdout: string): CommandRunner =>
  async () => ({ exitCode: 0, stdout, stderr: '' });

test.each([
  ['yes\n', 'synchronised'],
  ['no\n', 'unsynchronised'],
  ['', 'unknown'],
  ['maybe\n', 'unknown'],
])('when timedatectl says %j the clock is %s', async (stdout, state) => {
  expect(await clockState(answers(stdout))).toBe(state);
});

test.each(['missing', 'unavailable', 'io'] as const)(
  'when timedatectl is %s the clock is unknown',
  async (kind) => {
    const run: CommandRunner = async () => {
      throw new OpsError(kind, 'cannot run timedatectl: for a reason');
    };
    expect(await clockState(run)).toBe('unknown');
  },
);

test('the question names the property, asks for its bare value and does not wait long', async () => {
  const calls: unknown[] = [];
  await clockState(async (...call) => {
    calls.push(call);
    return { exitCode: 0, stdout: 'yes', stderr: '' };
  });
  expect(calls).toEqual([['timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeoutMs: 5000 }]]);
});

test('a mistake of ours is not an unknown clock', async () => {
  const run: CommandRunner = async () => {
    throw new TypeError('a bug');
  };
  await expect(clockState(run)).rejects.toThrow('a bug');
});

test('being told to stop ends the question', async () => {
  const stop = new AbortController();
  const waiting: CommandRunner = (_, __, { signal } = {}) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const asked = clockState(waiting, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(asked).rejects.toThrow('stopped');
});

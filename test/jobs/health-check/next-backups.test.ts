// When the next backup of each app is, by what systemd said of timers on a booted Debian.
import { describe, expect, test } from 'vitest';
import { nextBackups } from '../../../jobs/health-check/steps/next-backups.ts';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { deafSystemds, systemdStandIn, systemdVersions } from '../../support/systemd-stand-in.ts';

const never = new AbortController().signal;

describe.each(systemdVersions)('systemd %s', (version) => {
  test('says it of each app, and nothing of a timer that is off, over or not there', async () => {
    const { run } = systemdStandIn(version);
    const called: CommandRunner = (command, args, options) =>
      run(
        command,
        args.map((word) => word.replace(/^db-backup@/, '')),
        options,
      );
    const apps = ['once', 'nightly', 'stopped', 'nosuch', 'masked', 'good', 'never'];
    const next = await nextBackups(called, apps, never);
    const hours = apps.map((app) => next.get(app)?.toISOString().slice(0, 13));
    expect(hours).toEqual([
      undefined,
      '2026-11-28T02',
      undefined,
      undefined,
      undefined,
      '2026-11-28T01',
      '2026-11-28T02', // it has never started it yet
    ]);
  });
});

test.each(deafSystemds)('nobody knows where it %s', async (_, error) => {
  expect(await nextBackups(() => Promise.reject(error), ['ctv'], never)).toEqual(new Map());
});

test('a run that is told to stop stops', async () => {
  const stopped = AbortSignal.abort(new Error('told to stop'));
  const [[, error] = []] = deafSystemds;
  await expect(nextBackups(() => Promise.reject(error ?? new Error()), ['ctv'], stopped)).rejects.toThrow(
    'told to stop',
  );
});

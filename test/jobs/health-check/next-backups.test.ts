// When the next backup of each app is, by what systemd said of timers on a booted Debian.
import { describe, expect, test } from 'vitest';
import { nextBackups } from '../../../jobs/health-check/steps/next-backups.ts';
import type { CommandRunner } from '../../../lib/base/command.ts';
import { deafSystemds, systemdStandIn, systemdVersions } from '../../support/systemd-stand-in.ts';

const never = new AbortController().signal;
const nightly = (apps: readonly string[]) => apps.map((name) => ({ name, everyMs: undefined }));

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
    const next = await nextBackups(called, nightly(apps), never);
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

test('of an app that is backed up every hour it is the earlier one of both its timers', async () => {
  const { run } = systemdStandIn(systemdVersions[0] ?? '');
  const stands: Record<string, string> = {
    'db-backup@a.timer': 'nightly.timer',
    'db-backup-hourly@a.timer': 'good.timer',
    'db-backup@b.timer': 'good.timer',
    'db-backup-hourly@b.timer': 'nightly.timer',
    'db-backup@c.timer': 'nosuch.timer',
    'db-backup-hourly@c.timer': 'good.timer',
    'db-backup@d.timer': 'nightly.timer',
  };
  const called: CommandRunner = (command, args, options) =>
    run(
      command,
      args.map((word) => stands[word] ?? word),
      options,
    );
  const apps = ['a', 'b', 'c', 'd'].map((name) => ({ name, everyMs: name === 'd' ? undefined : 3_600_000 }));
  const next = await nextBackups(called, apps, never);
  const hours = [...next.values()].map((time) => time?.toISOString().slice(0, 13));
  expect(hours).toEqual(['2026-11-28T01', '2026-11-28T01', '2026-11-28T01', '2026-11-28T02']);
});

test.each(deafSystemds)('nobody knows where it %s', async (_, error) => {
  expect(await nextBackups(() => Promise.reject(error), nightly(['ctv']), never)).toEqual(new Map());
});

test('a run that is told to stop stops', async () => {
  const stopped = AbortSignal.abort(new Error('told to stop'));
  const [[, error] = []] = deafSystemds;
  await expect(
    nextBackups(() => Promise.reject(error ?? new Error()), nightly(['ctv']), stopped),
  ).rejects.toThrow('told to stop');
});

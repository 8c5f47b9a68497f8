// What systemd says of services, on both systems that Holdfast knows, and what is made of it.
import { describe, expect, test } from 'vitest';
import { unitsCheck } from '../../../lib/health/units.ts';
import { unitsProbe } from '../../../lib/probe/units.ts';
import { judged } from '../../support/judged.ts';
import { probeWorld } from '../../support/probe-context.ts';
import { deafSystemds, systemdStandIn, systemdVersions } from '../../support/systemd-stand-in.ts';

const hourMs = 3_600_000;
const toml = `
[apps.ctv]
database = "/srv/ctv.db"
services = ["app-running.service", "app-other.service"]
[health.units]
names = ["watch.path", "app-killed.service", "certbot.timer"]
ignore = ["bad.service"]
`;

describe.each(systemdVersions)('systemd %s', (version) => {
  test.each<[string, number, string, string]>([
    ['app-running.service', 0, 'ok', 'is running since 2026-11-28 01:'],
    ['app-exited.service', 0, 'ok', 'its work is done since'],
    ['app-stopped.service', 0, 'critical', 'does not run: it was stopped'],
    ['app-disabled.service', 0, 'warning', 'is stopped and disabled'],
    ['app-failed.service', 2 * hourMs, 'critical', 'failed 2 h ago (exit-code)'],
    ['app-killed.service', 2 * hourMs, 'critical', 'failed 2 h ago (signal)'],
    ['app-restarts.service', 0, 'warning', 'is to be started again'],
    [
      'app-broken.service',
      0,
      'critical',
      'cannot be loaded: Unit app-broken.service has a bad unit file setting.',
    ],
    ['app-masked.service', 0, 'warning', 'is masked'],
    ['nosuch.service', 0, 'warning', 'is not on this machine: there is no such unit'],
    ['app-skipped.service', 0, 'warning', 'was skipped: a condition of it was not met'],
    ['app-asserted.service', 0, 'warning', 'was skipped: a condition of it was not met'],
    ['app-starting.service', 0, 'ok', 'is at work since'],
    [
      'app-starting.service',
      26 * hourMs,
      'warning',
      'is stuck: it has been starting for 1 d 2 h, and it has no limit of its own',
    ],
    ['app-stopping.service', 0, 'warning', 'is being stopped'],
    [
      'app-stopping.service',
      2 * hourMs,
      'critical',
      'is stuck: it has been stopping for 2 h, and it may take 1 h',
    ],
    ['limited.service', 4 * 60_000, 'ok', 'is at work'],
    ['limited.service', 7 * 60_000, 'critical', 'and it may take 5 min'],
    ['good.service', 0, 'ok', 'waits for good.timer'],
    ['watch.service', 0, 'ok', 'waits for watch.path'],
    ['watch.path', 0, 'ok', 'is waiting since'],
    ['tmp.mount', 0, 'ok', 'is mounted since'],
  ])('%s, %i ms later, is %s: %s', async (unit, laterMs, verdict, message) => {
    const { run, now } = systemdStandIn(version);
    const world = probeWorld({ run });
    const judgement = judged(unitsCheck, await unitsProbe.measure(world, unit), {
      subject: unit,
      now: new Date(now.getTime() + laterMs),
    });
    expect([judgement.verdict, judgement.message]).toEqual([verdict, expect.stringContaining(message)]);
    expect(judgement.hint === undefined).toBe(verdict === 'ok');
  });

  test('the other units that failed are one warning, without those that have a word of their own and those to pass over', async () => {
    const { run } = systemdStandIn(version);
    const judgement = judged(unitsCheck, await unitsProbe.measure(probeWorld({ run, toml }), 'machine'));
    expect(judgement).toMatchObject({
      verdict: 'warning',
      value: 1,
      message: '1 other unit has failed: app-failed.service',
    });
  });
});

test('all that is ours is one answer, and the worst of it is told', async () => {
  const names = ['db-backup@ctv.service', 'db-backup@bike.service'];
  const state = { 'db-backup@ctv.service': 'failed', 'db-backup@bike.service': 'inactive' };
  const files = Object.fromEntries([
    ['etc/systemd/system/db-backup@.service', '[Unit]\nDescription=Holdfast: back up %i\n'],
    ...names.map((name) => [`etc/systemd/system/${name}.d/50-holdfast.conf`, '']),
  ]);
  const judgementOf = async (states: Record<string, string>) => {
    const block = (name: string) =>
      `Id=${name}\nLoadState=loaded\nActiveState=${states[name]}\nSubState=${states[name]}\nResult=exit-code\nType=oneshot\n`;
    const run = async (_: string, args: readonly string[]) => ({
      exitCode: 0,
      stdout: args
        .slice(args.indexOf('--') + 1)
        .map(block)
        .join('\n'),
      stderr: '',
    });
    const world = probeWorld({ run, files });
    return judged(unitsCheck, await unitsProbe.measure(world, 'holdfast'), { subject: 'holdfast' });
  };
  expect(await judgementOf(state)).toMatchObject({
    verdict: 'warning', // the job itself has told it
    value: 1,
    message: 'db-backup@ctv.service failed (exit-code)',
    hint: 'why: journalctl --namespace=holdfast -u db-backup@ctv.service -n 30',
  });
  expect(await judgementOf({ ...state, 'db-backup@bike.service': 'failed' })).toMatchObject({
    value: 2,
    message: 'db-backup@bike.service failed (exit-code) (and 1 more: db-backup@ctv.service)',
  });
  expect(await judgementOf({ ...state, 'db-backup@ctv.service': 'inactive' })).toMatchObject({
    verdict: 'ok',
    message: '2 units of Holdfast, all as they should be',
  });
});

test.each(deafSystemds)('a systemd that %s is not known, and no bug', async (_, error) => {
  const world = probeWorld({ run: async () => Promise.reject(error) });
  for (const subject of ['app.service', 'machine'])
    await expect(unitsProbe.measure(world, subject)).rejects.toMatchObject({ kind: 'unavailable' });
});

test('what was cut off on the way is not taken for an answer', async () => {
  const run = async () => ({ exitCode: 0, stdout: 'Id=b.service\nLoadState=loaded\n', stderr: '' });
  await expect(
    unitsProbe.measure(
      probeWorld({
        run,
        files: {
          'etc/systemd/system/a@.service': 'Description=Holdfast: a',
          'etc/systemd/system/a@b.service.d/x': '',
          'etc/systemd/system/a@c.service.d/x': '',
        },
      }),
      'holdfast',
    ),
  ).rejects.toThrow('it answered for 1 of them');
});

describe('which units there are', () => {
  const files = { 'run/systemd/system/x': '' };
  test('what apps stop for a restore and what somebody named, without the timers; ours where they are; and all others as one', async () => {
    expect(await unitsProbe.subjects(probeWorld({ toml, files }))).toEqual([
      'app-running.service',
      'app-other.service',
      'watch.path',
      'app-killed.service',
      'machine',
    ]);
    const ours = { ...files, 'etc/systemd/system/alert-send.path': 'Description=Holdfast: alerts\n' };
    expect(await unitsProbe.subjects(probeWorld({ files: ours }))).toEqual(['holdfast', 'machine']);
  });
  test('none where systemd is not what runs the machine', async () => {
    expect(await unitsProbe.subjects(probeWorld({ toml, files: { 'proc/1/comm': 'node\n' } }))).toEqual([]);
  });
});

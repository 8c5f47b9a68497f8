// What systemd says of timers, on both systems that Holdfast knows, and what is made of it.
import { describe, expect, test } from 'vitest';
import { timersCheck } from '../../../lib/health/timers.ts';
import { timersProbe } from '../../../lib/probe/timers.ts';
import { judged } from '../../support/judged.ts';
import { probeWorld } from '../../support/probe-context.ts';
import { deafSystemds, systemdStandIn, systemdVersions } from '../../support/systemd-stand-in.ts';

/** The calendars of the units that were asked. */
function elapse(calendar: string, after: Date): Date | undefined {
  const tenMs = 10_000;
  const dayMs = 86_400_000;
  if (calendar === '*-*-* *:*:00/10') return new Date((Math.floor(after.getTime() / tenMs) + 1) * tenMs);
  const atMs = {
    '*-*-* 02:05:00': 7_500_000,
    '*-*-* 02:05:00 Europe/Berlin': 3_900_000,
    'Sun *-*-* 04:00:00': 4 * 3_600_000,
  }[calendar];
  if (atMs === undefined) return undefined;
  let next = Math.floor((after.getTime() - atMs) / dayMs + 1) * dayMs + atMs;
  while (calendar.startsWith('Sun') && new Date(next).getUTCDay() !== 0) next += dayMs;
  return new Date(next);
}

function worldOf(
  version: (typeof systemdVersions)[number],
  laterMs = 0,
  clockState: 'synchronised' | 'unsynchronised' = 'synchronised',
) {
  const systemd = systemdStandIn(version, elapse);
  const [up = '0'] = systemd.uptime.split(' ');
  const files = { 'proc/1/comm': 'systemd\n', 'proc/uptime': `${Number(up) + laterMs / 1000} 1\n` };
  const now = new Date(systemd.now.getTime() + laterMs);
  return { systemd, world: probeWorld({ run: systemd.run, now, files, clockState }) };
}

const minMs = 60_000;
const hourMs = 60 * minMs;

describe.each(systemdVersions)('systemd %s', (version) => {
  test.each<[string, number, string, string]>([
    // Just after they were asked, and hours later as if nothing had happened since.
    ['good.timer', 0, 'ok', 'ran last at 2026-11-28 01:'],
    ['good.timer', 9 * minMs, 'ok', 'ran last at 2026-11-28 01:'],
    ['good.timer', 11 * minMs, 'warning', 'is overdue by 1'],
    ['good.timer', 5 * hourMs, 'warning', 'is overdue by'],
    ['good.timer', 7 * hourMs, 'critical', 'is overdue by 6 h'],
    ['nightly.timer', 0, 'ok', 'has not run yet, next at 2026-11-28 02:'],
    // 5 minutes of random delay and one of accuracy, as the timer itself says.
    ['nightly.timer', 60 * minMs, 'ok', 'has not run yet'],
    [
      'nightly.timer',
      66 * minMs,
      'warning',
      'it was due at 2026-11-28 02:05:00Z, and it has not run since it was started',
    ],
    ['nightly.timer', 20 * hourMs, 'critical', 'is overdue by 1'],
    [
      'skipped.timer',
      0,
      'warning',
      'which was skipped: a condition of it was not met; it has not run since the machine started',
    ],
    [
      'exec-cond.timer',
      0,
      'warning',
      'a condition of it was not met; it has not run since the machine started',
    ],
    [
      'stuck.timer',
      30 * minMs,
      'warning',
      'stuck.service is still activating, and is not started anew before it ends',
    ],
    ['stuck.timer', 30 * hourMs, 'warning', 'starts stuck.service, which is stuck: it has been starting for'],
    ['limited.timer', 4 * minMs, 'ok', 'is at work'],
    [
      'limited.timer',
      7 * minMs,
      'critical',
      'starts limited.service, which is stuck: it has been starting for 7 min',
    ],
    ['bad.timer', 0, 'ok', ', when bad.service failed'],
    ['never.timer', 0, 'ok', 'has not run yet, next at 2026-11-28 02:05:00Z'],
    ['never.timer', 62 * minMs, 'warning', 'it was due at 2026-11-28 02:05:00Z'],
    ['off.timer', 0, 'critical', 'is inactive, though it is enabled: it starts nothing'],
    ['stopped.timer', 0, 'critical', 'is inactive, though it is enabled'],
    ['disabled.timer', 0, 'warning', 'is disabled: somebody turned it off'],
    ['masked.timer', 0, 'warning', 'is masked'],
    ['nosuch.timer', 0, 'critical', 'is not on this machine: there is no such unit'],
    ['mono.timer', 0, 'ok', 'ran last at'],
    ['mono.timer', 11 * minMs, 'warning', 'is overdue by 1'],
    ['once.timer', 5 * hourMs, 'ok', 'ran last at'],
    ['past.timer', 0, 'critical', 'has no next time: it will start nothing any more'],
    ['nounit.timer', 0, 'critical', 'starts absent.service, which is not on this machine'],
    ['to-masked.timer', 0, 'critical', 'starts to-masked.service, which is masked'],
    ['trap.timer', 0, 'warning', 'a condition of it was not met'],
    ['remains.timer', 0, 'ok', 'remains.service is at work'],
    ['remains.timer', 15 * minMs, 'warning', 'remains.service is still active, and is not started anew'],
    // Two calendars, one of them in another zone: the earlier one counts.
    ['berlin.timer', 0, 'ok', 'has not run yet, next at 2026-11-29 01:05:00Z'],
    ['berlin.timer', 26 * hourMs, 'warning', 'it was due at 2026-11-29 01:05:00Z'],
  ])('%s, %i ms later, is %s: %s', async (timer, laterMs, verdict, message) => {
    const { world } = worldOf(version, laterMs);
    const facts = await timersProbe.measure(world, timer);
    const judgement = judged(timersCheck, facts, { subject: timer, now: world.clock.now() });
    expect([judgement.verdict, judgement.message]).toEqual([verdict, expect.stringContaining(message)]);
    expect(judgement.hint === undefined).toBe(verdict === 'ok');
  });

  test('while the clock is not trusted nothing is overdue, and what is off is off', async () => {
    const verdictOf = async (timer: string) => {
      const { world } = worldOf(version, 20 * hourMs, 'unsynchronised');
      const facts = await timersProbe.measure(world, timer);
      return judged(timersCheck, facts, { subject: timer, now: world.clock.now() }).verdict;
    };
    expect(await verdictOf('good.timer')).toBe('ok');
    expect(await verdictOf('stopped.timer')).toBe('critical');
  });

  test('times are asked for in UTC, and calendars are read in the zone of the machine', async () => {
    const { world, systemd } = worldOf(version);
    await timersProbe.measure(world, 'good.timer');
    for (const [command, zone] of systemd.asked)
      expect([command, zone]).toEqual(
        command === 'env' ? ['env', 'TZ=UTC'] : ['systemd-analyze', 'calendar'],
      );
  });
});

test.each(deafSystemds)('a systemd that %s is not known, and no bug', async (_, error) => {
  const world = probeWorld({ run: async () => Promise.reject(error) });
  await expect(timersProbe.measure(world, 'good.timer')).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/^cannot ask systemd: /) as string,
    hint: expect.stringContaining('systemctl is-system-running') as string,
  });
});

const unit = '[Unit]\nDescription=Holdfast: something\n';

describe('which timers there are', () => {
  const installed = {
    'run/systemd/system/x': '',
    'etc/systemd/system/db-backup@.timer': unit,
    'etc/systemd/system/db-backup@.service': unit,
    'etc/systemd/system/db-backup-hourly@.timer': unit,
    'etc/systemd/system/db-backup-hourly@.service': unit,
    'etc/systemd/system/restore-drill@.timer': unit,
    'etc/systemd/system/restore-drill@.service': unit,
    'etc/systemd/system/db-maintain@.timer': unit,
    'etc/systemd/system/alert-send.timer': unit,
    'etc/systemd/system/apt-daily.timer': '[Unit]\nDescription=Daily apt\n',
    'etc/systemd/system/db-backup@ctv.service.d/50-holdfast.conf': '',
    'etc/systemd/system/db-backup@bike.service.d/50-holdfast.conf': '',
    'etc/systemd/system/db-backup-hourly@bike.service.d/50-holdfast.conf': '',
    'etc/systemd/system/db-backup-hourly@bike.timer.d/50-holdfast.conf': '',
    'etc/systemd/system/db-maintain@ctv.service.d/50-holdfast.conf': '',
    'etc/systemd/system/timers.target.wants/db-backup@ctv.timer': '',
    'etc/systemd/system/timers.target.wants/db-maintain@bike.timer': '',
    'etc/systemd/system/timers.target.wants/fstrim.timer': '',
  };

  test('ours that are installed: those that every app has, also where somebody turned one off, and those that are on', async () => {
    expect(await timersProbe.subjects(probeWorld({ files: installed }))).toEqual([
      'alert-send.timer',
      'db-backup-hourly@bike.timer',
      'db-backup@bike.timer',
      'db-backup@ctv.timer',
      'db-maintain@bike.timer',
    ]);
  });

  test('those that somebody named as well', async () => {
    const toml =
      '[apps.ctv]\ndatabase = "/srv/ctv.db"\n[health.units]\nnames = ["certbot.timer", "nginx.service"]\n';
    expect(await timersProbe.subjects(probeWorld({ toml, files: { 'proc/1/comm': 'systemd\n' } }))).toEqual([
      'certbot.timer',
    ]);
  });

  test.each([
    ['a machine that is started by something else', { 'proc/1/comm': 'tini\n' }, []],
    ['a machine that says nothing', {}, []],
    [
      'the sandbox of a unit, which hides the first process',
      {
        'proc/self/mountinfo': '522 514 0:81 / /proc rw,nosuid shared:185 - proc proc rw,hidepid=invisible\n',
      },
      ['alert-send.timer'],
    ],
  ])('on %s', async (_, files, subjects) => {
    const ours = { 'etc/systemd/system/alert-send.timer': unit };
    expect(await timersProbe.subjects(probeWorld({ files: { ...ours, ...files } }))).toEqual(subjects);
  });
});

// What messages say, so that a tired person reads it right: how much there is, since when, by which clock, and of whom.
import { expect, test } from 'vitest';
import { formatInstant } from '../../../lib/base/format.ts';
import { installationId } from '../../../lib/files/process-identity.ts';
import type { News } from '../../../lib/incident/due.ts';
import { checkOf } from '../../../lib/incident/state.ts';
import { compose } from '../../../lib/notify/compose.ts';
import { AlertMachine, day, hour, minute, observation } from '../../support/alert-events.ts';

const now = Date.parse('2026-11-20T02:05:13Z');
const around = {
  host: 'pi',
  installation: 'a',
  timeZone: 'Europe/Berlin',
  now,
  link: undefined,
  configOption: ' --config /etc/x.toml',
};

/** One check in trouble since `openedAt`. */
function trouble(check: string, more: { openedAt?: number; message?: string; apps?: string[] } = {}): News {
  const machine = new AlertMachine();
  machine.now = more.openedAt ?? now - hour;
  const { message = 'the store is gone', apps = ['ctv'] } = more;
  const protection = apps.map((app) => ({ app, backup: `${app}.db`, takenAt: now - day }));
  machine.run('failed', {
    check,
    facts: { ...observation('failed').facts, message, hint: message, apps, protection },
  });
  const { incident } = checkOf(machine.state, check);
  if (incident === undefined) throw new Error('nothing is wrong');
  return { kind: 'failing', check, severity: 'warning', incident };
}

const said = (...items: News[]) => compose({ channel: 'ntfy', items }, around);

test.each([1, 2, 3, 4, 12, 60])(
  'of %i things a title can be read, and a digest says how many it leaves out',
  (count) => {
    const items = Array.from({ length: count }, (_, i) => trouble(`job-${i}`, { message: 'x'.repeat(5000) }));
    const { title, body } = said(...items);
    expect(title.length).toBeLessThan(120);
    expect(title).toMatch(
      count > 3 ? new RegExp(`^pi: job-0 of ctv failed, job-1 .*, and ${count - 2} more$`) : /failed$/,
    );
    // What Slack takes less than ntfy, and neither of them cuts.
    expect(Buffer.byteLength(body)).toBeLessThan(3800);
    const shown = body.match(/^I know: /gm)?.length ?? 0;
    const left = Number(
      /^And (\d+) more: job-\d+ .* All of it: alert-send list --config \/etc\/x\.toml$/m.exec(body)?.[1] ?? 0,
    );
    expect(shown + left).toBe(count);
    expect(shown).toBeGreaterThan(0);
  },
);

test('of several things a message says of each what it is about, also where each is only over', () => {
  const over = ['db-backup', 'restore-drill', 'alerts-ping', 'alerts-slack'].map((check): News => {
    const news = trouble(check);
    return { ...news, kind: 'recovered', incident: { ...news.incident, closedAt: now } };
  });
  const { body } = said(...over, trouble('db-export-json'));
  const names = ['db-backup of ctv', 'restore-drill of ctv', 'ping', 'slack'];
  for (const name of names) expect(body).toMatch(new RegExp(`^${name} is well again:\nFrom `, 'm'));
  expect(body).toMatch(/^db-export-json of ctv failed:\nthe store is gone$/m);
});

test.each(['x', '🦉', '\u0007'])(
  'a long cause of %j hides neither the next command nor how to say that one knows',
  (letter) => {
    const apps = Array.from({ length: 40 }, (_, i) => `app-${i}`);
    const { body } = said(trouble('db-backup', { message: letter.repeat(9000), apps }));
    expect(Buffer.byteLength(body)).toBeLessThan(3800);
    expect(body).toMatch(/^And 35 more apps: db-backup info --config[^]*^Next: [^]*^I know: /m);
  },
);

test('times are those of the clock on the wall, with their distance from UTC', () => {
  expect(said(trouble('db-backup')).body).toMatch(
    /^Since 2026-11-20 02:05:13 \+01:00 \(1 h ago\)[^]*is of 2026-11-19 03:05:13 \+01:00, 1 d old\.$/m,
  );
  const zones = ['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Europe/London'];
  expect(zones.map((zone) => formatInstant(new Date('2026-07-20T02:05:13Z'), zone))).toEqual([
    '2026-07-20 02:05:13Z',
    '2026-07-20 07:35:13 +05:30',
    '2026-07-19 23:35:13 -02:30',
    '2026-07-20 03:05:13 +01:00',
  ]);
});

test('what began while the clock was in 1970 began at a time that nobody knows', () => {
  expect(said(trouble('db-backup', { openedAt: 3 * minute })).body).toMatch(
    /^Since a time at which the clock of this machine was not set, 1 failed run\.$/m,
  );
});

test('a clock that is set makes no warning of three minutes a critical one, and no reminder come due', () => {
  const machine = new AlertMachine({ canaryEvery: 7 * day }, ['ntfy']);
  machine.state = { ...machine.state, begunAt: 0 };
  machine.now = 3 * minute;
  expect(machine.run('failed')).toEqual(['failing']);
  machine.acknowledge(8 * hour);
  machine.now = now;
  expect(machine.speak()).toEqual([]);
  expect(checkOf(machine.state, 'db-backup').incident?.openedAt).toBe(now);
  expect(machine.pass(7 * hour)).toEqual([]);
  expect(machine.pass(hour)).toEqual(['reminder']);
});

test('two machines of one name, and two installations on one, never have one card or one id', () => {
  const news = trouble('db-backup');
  const words = ['a', 'b'].map((installation) =>
    compose({ channel: 'ntfy', items: [news] }, { ...around, installation }),
  );
  expect(new Set(words.map(({ sequence }) => sequence)).size).toBe(2);
  expect(new Set(words.map(({ body }) => /ack (\w+)/.exec(body)?.[1])).size).toBe(2);
  const ids = ['/var/lib/holdfast', '/home/me/state'].map(installationId);
  expect(new Set(ids).size).toBe(2);
  expect(installationId('/var/lib/holdfast')).toBe(ids[0]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});

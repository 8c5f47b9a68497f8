// Alerts in the configuration: from the file, or the environment alone; secrets are read late and never shown.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../lib/config/load.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return join(folder, name);
}

function load(alerts: string, environment: Record<string, string> = {}) {
  const path = write(
    'holdfast.toml',
    `time_zone = "Europe/Berlin"\n${alerts}\n[apps.ctv]\ndatabase = "/srv/ctv.db"\n`,
  );
  return loadConfig({ path, environment: { HOLDFAST_STATE: '/state', ...environment } }).alerts;
}

test('a file without alerts, and an environment without any, tell nobody', () => {
  expect(load('')).toBeUndefined();
  expect(
    loadConfig({ environment: { DATABASE_PATH: '/x.db', NTFY_TOPIC: '', NTFY_SERVER: 'https://x' } }).alerts,
  ).toBeUndefined();
});

test('a file needs little, and has a default for the rest', () => {
  const alerts = load(
    `[alerts]\nquiet = "22:00-07:00"\n[alerts.ntfy]\ntopic_file = "${write('topic', 'secret-topic\n')}"`,
  );
  expect(alerts?.policy).toEqual({
    failures: 1,
    recoveries: 1,
    skips: 3,
    interruptions: 2,
    jobs: {},
    reminders: [14_400_000, 86_400_000],
    escalateAfter: 86_400_000,
    quiet: { fromMinute: 1320, toMinute: 420, timeZone: 'Europe/Berlin' },
    canaryEvery: 604_800_000,
  });
  expect(alerts).toMatchObject({
    slack: undefined,
    desktop: undefined,
    ping: undefined,
    ntfy: { server: 'https://ntfy.sh' },
  });
  expect(alerts?.ntfy?.readTopic()).toBe('secret-topic');
  expect(alerts?.ntfy?.readToken()).toBeUndefined();
  expect(JSON.stringify(alerts)).not.toContain('secret-topic');
});

describe('the environment alone', () => {
  const alone = (environment: Record<string, string>) =>
    loadConfig({ environment: { DATABASE_PATH: '/x.db', ...environment } }).alerts;

  test('is enough', () => {
    const alerts = alone({
      NTFY_TOPIC: 'topic',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.com/x',
      NTFY_SERVER: 'http://ntfy.lan',
      HEALTHCHECKS_PING_URL: 'https://hc-ping.com/k',
    });
    expect(alerts?.ntfy).toMatchObject({ server: 'http://ntfy.lan' });
    expect(alerts?.slack?.readWebhookUrl()).toBe('https://hooks.slack.com/x');
    expect(alerts?.ping).toMatchObject({ checks: ['db-backup'], create: false });
    expect(alone({ SLACK_WEBHOOK_URL: 'https://hooks.slack.com/x' })).toMatchObject({
      ntfy: undefined,
      ping: undefined,
    });
  });

  test('with a mistake in it does not keep a backup from being made', () => {
    expect(alone({ NTFY_TOPIC: 'not a topic', NTFY_SERVER: ':::' })?.ntfy?.server).toBe(':::');
  });

  test('names the channels where the file names none, and no more than the file where it does', () => {
    expect(load('[alerts]\nfailures = 2', { NTFY_TOPIC: 'topic' })).toMatchObject({
      policy: { failures: 2 },
      ntfy: { server: 'https://ntfy.sh' },
    });
    expect(load('[alerts.slack]', { NTFY_TOPIC: 'topic' })?.ntfy).toBeUndefined();
    expect(load('', { NTFY_TOPIC: 'topic' })?.ntfy).toBeDefined();
  });

  test("has systemd's credentials in it", () => {
    write('ntfy-topic', 'from-systemd');
    expect(alone({ CREDENTIALS_DIRECTORY: folder })?.ntfy?.readTopic()).toBe('from-systemd');
  });
});

test.each([
  ['quiet hours that are none', '[alerts]\nquiet = "at night"', /alerts\.quiet: must be two times of day/],
  ['an unknown key', '[alerts]\nfailure = 1', /alerts\.failure: unknown key; did you mean failures\?/],
  ['no count', '[alerts]\nfailures = 0', /alerts\.failures: must be at least 1/],
  ['a topic in the clear', '[alerts.ntfy]\ntopic = "x"', /alerts\.ntfy\.topic: unknown key/],
  ['a job that is none', '[alerts.jobs."../x"]\nfailures = 2', /must be the name of a job/],
  ['a link that leads nowhere', '[alerts]\nlink = "ops"', /alerts\.link: must be an address/],
])('%s is named', (_, text, message) => expect(() => load(text)).toThrow(message));

test('a secret that others may read is refused when it is used, not before', () => {
  const alerts = load(`[alerts.slack]\nwebhook_url_file = "${write('webhook', 'https://x', 0o644)}"`);
  expect(() => alerts?.slack?.readWebhookUrl()).toThrow(/others may read it/);
});

test.each([
  [{ DISPLAY: ':0', DBUS_SESSION_BUS_ADDRESS: 'unix:x' }, true],
  [{ WAYLAND_DISPLAY: 'wayland-0', DBUS_SESSION_BUS_ADDRESS: 'unix:x' }, true],
  [{ DISPLAY: ':0' }, false],
  [{ DBUS_SESSION_BUS_ADDRESS: 'unix:x' }, false],
])('with %o there is a desktop: %s', (environment, isThere) => {
  expect(load('[alerts]\ndesktop = true', environment)?.desktop).toEqual({ isThere });
});

// No control character gets into the program by a setting: each text of a file and each variable is refused with it, and
// the message shows it escaped.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { printable, printableLines } from '../../../lib/base/printable.ts';
import { secretVariables } from '../../../lib/base/secret-variables.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { plainVariables } from '../../../lib/config/plain-text.ts';
import { scratch } from '../../support/scratch.ts';

const hostile = ['\n', '\r', '\t', '\0', '\u001b[2J', '\u007f', '\u009b31m', '\u202e', '\u2028'];

/** Every key that takes a text, with one that is good. */
const places: [string, string][] = [
  ['state_directory', '/s'],
  ['run_directory', '/r'],
  ['time_zone', 'UTC'],
  ['store.path', '/srv/backups'],
  ['store.folder', '/pi'],
  ['store.app_key', 'key'],
  ['store.app_secret_file', '/secret'],
  ['store.refresh_token_file', '/secret'],
  ['alerts.link', 'https://pi.example/'],
  ['alerts.ntfy.server', 'https://ntfy.sh'],
  ['alerts.ntfy.topic_file', '/secret'],
  ['alerts.ntfy.token_file', '/secret'],
  ['alerts.slack.webhook_url_file', '/secret'],
  ['alerts.ping.url_file', '/secret'],
  ['apps.ctv.database', '/srv/ctv.db'],
  ['apps.ctv.latest', 'latest/ctv.db'],
  ['apps.ctv.services', 'ctv.service'],
  ['apps.ctv.stop', 'systemctl stop ctv'],
  ['apps.ctv.start', 'systemctl start ctv'],
  ['apps.ctv.health.command', 'true'],
  ['apps.ctv.health.url', 'http://127.0.0.1/'],
];

function load(text: string, environment: Record<string, string> = {}) {
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, text);
  return loadConfig({ path, environment });
}

function refusal(work: () => unknown): OpsError {
  try {
    work();
  } catch (error) {
    if (error instanceof OpsError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe.each(places)('%s', (place, good) => {
  const isShell = /\.(stop|start|command)$/.test(place);
  const keys = place.split('.');
  const written = (value: string) => {
    const text = printable(JSON.stringify(value));
    return `[${keys.slice(0, -1).join('.')}]\n${keys.at(-1)} = ${place.endsWith('services') ? `[${text}]` : text}\n`;
  };

  test.each(hostile.map((character) => [JSON.stringify(character), character]))(
    'refuses %s',
    (_, character) => {
      const text = written(`${good}${character}x`).replace(/^\[\]\n/, '');
      if (isShell && ['\n', '\t'].includes(character)) return; // a script of several lines
      const { kind, message } = refusal(() => load(text));
      expect(kind).toBe('config');
      expect(message).toMatch(new RegExp(`${place}(\\.0)?: must not hold control characters: "`));
      expect(printableLines(message)).toBe(message);
      expect(message.split('\n').every((line, index) => index === 0 || line.startsWith('  '))).toBe(true);
    },
  );
});

test('a command may have several lines', () => {
  const app = 'database = "/srv/ctv.db"\nstop = """\none\n\ttwo"""\nstart = "one\\ntwo"';
  expect(load(`[apps.ctv]\n${app}`).apps).toHaveLength(1);
});

test.each(plainVariables)('$%s refuses them', (name) => {
  for (const character of hostile.filter((one) => one !== '\0')) {
    const { kind, message } = refusal(() => load('[apps.ctv]', { [name]: `/srv/x${character}` }));
    expect({ name, kind }).toEqual({ name, kind: 'config' });
    expect(message).toContain(`cannot use ${name}: it must not hold control characters: "/srv/x\\`);
  }
});

test('every variable that is asked for while a configuration is made is looked at, or is known not to name a place', () => {
  /** Checked where they are used, so that a mistake in one keeps no backup from being made; what systemd and a desktop say. */
  const elsewhere = [
    'NTFY_SERVER',
    'REMOTE_PI_HOST', // becomes a part of an address, which is parsed
    // Numbers, a choice, and a digest: parsed as such.
    ...['REMOTE_PI_PORT', 'DB_SYNC_INTERVAL', 'USE_SSL_FOR_PI', 'USE_SELF_SIGNED_CERT', 'HOLDFAST_PULL_PIN'],
    'CREDENTIALS_DIRECTORY',
    'DISPLAY',
    'WAYLAND_DISPLAY',
    'DBUS_SESSION_BUS_ADDRESS',
    ...['http', 'https', 'all', 'no'].flatMap((name) => [`${name}_proxy`, `${name.toUpperCase()}_PROXY`]),
  ];
  const asked = new Set<string>();
  for (const given of [
    { DATABASE_PATH: '/srv/x.db', NTFY_TOPIC: 'x' },
    { DATABASE_PATH: '/x.db', DROPBOX_ACCESS_TOKEN: 'x', HOLDFAST_STATE: '/s' },
  ]) {
    const environment = new Proxy<Record<string, string>>(given, {
      get(set, name) {
        if (typeof name === 'string') asked.add(name);
        return Reflect.get(set, name) as string | undefined;
      },
    });
    loadConfig({ environment });
  }
  for (const name of secretVariables) asked.delete(name);
  expect([...asked].filter((name) => !elsewhere.includes(name)).sort()).toEqual([...plainVariables].sort());
});

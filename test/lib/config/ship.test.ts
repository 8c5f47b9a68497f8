// `apps.<name>.export.ship`: what has to be there, and what cannot stand together.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ShipConfig } from '../../../lib/config/export-config.ts';
import { fileApps } from '../../../lib/config/config.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { scratch } from '../../support/scratch.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHK6lB5jLxq4JzWQXo5mXhJkT3GgAa9q0Yy6b8h0n6pE';

function load(keys: string, environment: Record<string, string> = {}): ShipConfig {
  const path = join(scratch(), 'holdfast.toml');
  const app = '[apps.tt]\ndatabase = "/a.db"\n[apps.tt.export]\ndirectory = "/d"\n[apps.tt.export.ship]\n';
  writeFileSync(path, app + keys);
  const config = loadConfig({
    path,
    environment: { HOLDFAST_STATE: '/s', HOLDFAST_RUN: '/r', ...environment },
  });
  const ship = fileApps(config)[0]?.export?.ship;
  if (ship === undefined) throw new Error('there is no reader');
  return ship;
}

test('needs an address and a pinned key, and has a default for the rest', () => {
  expect(load(`to = "tt@reports:/srv"\nhost_key = "${key} root@reports"`)).toMatchObject({
    to: 'tt@reports:/srv',
    reader: { kind: 'ssh', user: 'tt', host: 'reports', path: '/srv' },
    hostKeys: [key],
    queueAgeMaxMs: 2 * 86_400_000,
    lookEveryMs: 86_400_000,
    timeoutMs: 60_000,
    deadlineMs: 3_600_000,
    limitBytesPerSecond: undefined,
  });
  expect(load('to = "rsync://reports/days"')).toMatchObject({ hostKeys: [], port: undefined });
});

test.each<[string, RegExp]>([
  ['to = "tt@reports:/srv"', /ship: needs host_key/],
  [`host_key = "${key}"`, /ship\.to: is missing/],
  ['to = "reports:/srv"', /ship\.to: must be "user@host:\/path"/],
  ['to = "tt@reports:/srv"\nhost_key = "AAAA"', /ship\.host_key: must be a public key/],
  ['to = "tt@reports:/srv"\nhost_key = []', /ship\.host_key/],
  [`to = "tt@reports:/srv"\nhost_key = "${key}"\npassword_file = "/p"`, /password_file, which is for rsync/],
  [`to = "rsync://reports/days"\nhost_key = "${key}"`, /has host_key, which is for ssh/],
  ['to = "rsync://reports/days"\nport = 22', /has port, .* write it into the address/],
  ['to = "rsync://reports/days"\nidentity = "/k"', /has identity, which is for ssh/],
  ['to = "rsync://reports/days"\npassword_file = "/p"', /password_file, which needs a user/],
  ['to = "rsync://u@reports/days"\nqueue_age_max = "soon"', /queue_age_max: must be a time such as/],
  ['to = "rsync://u@reports/days"\nqueue_age_max = "0 d"', /queue_age_max: must be a time/],
  ['to = "rsync://u@reports/days"\nlimit = "fast"', /limit: must be a rate/],
  ['to = "rsync://u@reports/days"\nhostkey = "x"', /hostkey: unknown key; did you mean host_key\?/],
  [`to = "tt@reports:/srv"\nhost_key = "${key}"\nidentity = "key"`, /identity: must be an absolute path/],
])('refuses %s', (keys, message) => expect(() => load(keys)).toThrow(message));

test("our key comes from systemd's credentials first, and is refused where others may read it", () => {
  const directory = scratch();
  const file = join(directory, 'key');
  writeFileSync(file, 'key', { mode: 0o640 });
  chmodSync(file, 0o640);
  const keys = `to = "tt@reports:/srv"\nhost_key = "${key}"\nidentity = ${JSON.stringify(file)}`;
  expect(() => load(keys).identityPath()).toThrow(/others may read it/);
  chmodSync(file, 0o600);
  expect(load(keys).identityPath()).toBe(file);
  expect(() => load(keys.replace('/key"', '/gone"')).identityPath()).toThrow(/it is not there/);
  const credential = join(directory, 'ship-identity');
  writeFileSync(credential, 'key');
  expect(load(keys, { CREDENTIALS_DIRECTORY: directory }).identityPath()).toBe(credential);
});

test('two apps whose documents would replace each other at the reader are refused', () => {
  const other = (file: string, to: string) =>
    `to = "rsync://reports/days"\n[apps.b]\ndatabase = "/b.db"\n[apps.b.export]\ndirectory = "/e"\n${file}\n[apps.b.export.ship]\nto = "rsync://reports/${to}"`;
  expect(() => load(other('', 'days'))).toThrow(
    /apps\.b\.export\.ship\.to: has documents where those of tt lie/,
  );
  expect(() => load(other('', 'days/b'))).not.toThrow();
});

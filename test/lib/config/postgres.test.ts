// `[health.postgres.databases.<name>]` and DATABASE_URL: which database, as whom, and that no password is ever shown.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { loadConfig } from '../../../lib/config/load.ts';
import { parsePostgresUrl } from '../../../lib/config/postgres-url.ts';
import { scratch } from '../../support/scratch.ts';

const secret = 'hunter2';

function load(keys: string, environment: Record<string, string> = {}) {
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, `[apps.bags]\n${keys}`);
  const places = { HOLDFAST_STATE: '/s', HOLDFAST_RUN: '/r' };
  return loadConfig({ path, environment: { ...places, ...environment } }).health.postgres;
}

const named = (keys: string) => load(`[health.postgres.databases.bags]\n${keys}`);

function targetOf(database: ReturnType<typeof load>[number] | undefined) {
  const target = database?.readTarget();
  return target && { ...target, readPassword: target.readPassword() };
}

const usual = { host: '/var/run/postgresql', port: 5432, sslmode: 'prefer', rootCertificate: undefined };

test.each<[string, object]>([
  ['user = "holdfast"', { ...usual, user: 'holdfast', database: 'holdfast' }],
  [
    'url = "postgresql://holdfast@db.lan/bags"',
    { ...usual, host: 'db.lan', user: 'holdfast', database: 'bags' },
  ],
  [
    'url = "postgres://h@[::1]:5433/b?sslmode=verify-full&sslrootcert=/ca.pem"',
    { host: '::1', port: 5433, user: 'h', database: 'b', sslmode: 'verify-full', rootCertificate: '/ca.pem' },
  ],
  [
    'url = "postgresql:///bags?host=/tmp&port=6000"\nuser = "h"',
    { ...usual, host: '/tmp', port: 6000, user: 'h', database: 'bags' },
  ],
  [
    'url = "postgresql+psycopg2://h@/bags?host=/tmp"',
    { ...usual, host: '/tmp', user: 'h', database: 'bags' },
  ],
  ['url = "postgresql://h@:6000/bags"', { ...usual, port: 6000, user: 'h', database: 'bags' }],
  ['url = "postgresql://h@"', { ...usual, user: 'h', database: 'h' }],
  ['url = "postgresql://%2Ftmp/bags"\nuser = "h"', { ...usual, host: '/tmp', user: 'h', database: 'bags' }],
  [
    'host = "db.lan"\nport = 1\nuser = "a b"\ndatabase = "c@d"\nsslmode = "disable"',
    { host: 'db.lan', port: 1, user: 'a b', database: 'c@d', sslmode: 'disable', rootCertificate: undefined },
  ],
])('%s', (keys, target) => {
  expect(targetOf(named(keys)[0])).toEqual({ ...target, readPassword: undefined });
});

test.each<[string, RegExp]>([
  [`url = "postgresql://h:${secret}@db/b"`, /url: must not hold a password.*password_file/],
  [`url = "postgresql://h@db/b?password=${secret}"`, /url: must not hold a password/],
  [`url = "postgresql://h:${secret}/x@db/b"`, /url: is no address/],
  [`url = "postgresql://h:12/${secret}@db/b"`, /url: is no address/],
  [`url = "postgresql://h:12?${secret}@db/b"`, /url: is no address/],
  [`url = "postgresql://h:12#${secret}@db/b"`, /url: is no address/],
  [`url = "postgresql://h:%${secret}@db/b"`, /url: has a %/],
  [`url = "mysql://h:${secret}@db/b"`, /url: must be an address such as/],
  [`url = "${secret}"`, /url: must be an address such as/],
  ['url = "postgresql://h@one:1,two:2/b"', /url: names several hosts/],
  ['url = "postgresql://h@/b?host=one,two"', /url: names several hosts/],
  ['url = "postgresql+psycopg://h@/b?host=one:1&host=two:2"', /url: names several hosts/],
  ['url = "postgresql://h@/b?host=/run/a,/run/b"', /url: names several hosts/],
  ['url = "postgresql://h@db/b%0Ac"', /url: holds control characters/],
  ['url = "postgresql://h%1B[31m@db/b"', /url: holds control characters/],
  ['url = "postgresql://h@db/b?sslmode=yes"', /url: has an sslmode that is none of disable/],
  ['url = "postgresql://h@db/b?sslrootcert=ca.pem"', /url: has an sslrootcert/],
  ['url = "postgresql://h@db/b?port=x"', /url: has a port/],
  ['url = "postgresql://h@db/b"\nhost = "other"', /bags: has host twice/],
  ['url = "postgresql://db/b"', /bags: needs user/],
  ['', /bags: needs user/],
  ['user = "h"\nport = 0', /port/],
  ['user = "h"\nsslmode = "yes"', /sslmode/],
  ['user = "h"\npassword_file = "p"', /password_file: must be an absolute path/],
  ['user = "h"\nrollback_percent = 101', /rollback_percent: must be at most 100/],
  ['user = "h"\npasword_file = "/p"', /unknown key; did you mean password_file\?/],
])('refuses %s', (keys, message) => {
  expect(() => named(keys)).toThrow(message);
  expect(() => named(keys)).not.toThrow(secret);
});

test('a name that could be no name of anything is refused', () => {
  expect(() => load('[health.postgres.databases."../x"]\nuser = "h"')).toThrow(/must be a name of letters/);
});

test("the password: systemd's credential first, then the file, which nobody else may read", () => {
  const directory = scratch();
  const file = join(directory, 'password');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  const keys = `[health.postgres.databases.bags]\nuser = "h"\npassword_file = ${JSON.stringify(file)}`;
  expect(targetOf(load(keys)[0])?.readPassword).toBe(secret);
  writeFileSync(join(directory, 'postgres-bags-password'), 'of-systemd');
  expect(targetOf(load(keys, { CREDENTIALS_DIRECTORY: directory })[0])?.readPassword).toBe('of-systemd');
  chmodSync(file, 0o640);
  const target = load(keys)[0]?.readTarget();
  expect(() => target?.readPassword()).toThrow(/others may read it/);
});

describe('DATABASE_URL', () => {
  const given = (url: string, keys = '') => load(keys, { DATABASE_URL: url });

  test.each<[string, string, object]>([
    [
      `postgresql://app:${secret}@db:5433/bags`,
      'bags',
      { ...usual, host: 'db', port: 5433, user: 'app', database: 'bags', readPassword: secret },
    ],
    [
      `postgres://app:${secret}@db/bags`,
      'bags',
      { ...usual, host: 'db', user: 'app', database: 'bags', readPassword: secret },
    ],
    [
      `postgresql+psycopg2://app:${secret}@db/bags`,
      'bags',
      { ...usual, host: 'db', user: 'app', database: 'bags', readPassword: secret },
    ],
    [
      'postgresql://app:p%40ss%2Fw%25rd@db/my%20bags?sslmode=require&application_name=x',
      'my-bags',
      {
        ...usual,
        host: 'db',
        user: 'app',
        database: 'my bags',
        sslmode: 'require',
        readPassword: 'p@ss/w%rd',
      },
    ],
    [
      `postgresql://app:p@ss@db/bags`,
      'bags',
      { ...usual, host: 'db', user: 'app', database: 'bags', readPassword: 'p@ss' },
    ],
  ])('%s', (url, name, target) => {
    const databases = given(url);
    expect(databases.map((database) => database.name)).toEqual([name]);
    expect(targetOf(databases[0])).toEqual(target);
  });

  test('of another engine it is none of ours, and one that is named in the file goes before it', () => {
    expect(given('sqlite:////srv/app.db')).toEqual([]);
    expect(given(`mysql://app:${secret}@db/x`)).toEqual([]);
    const both = given(`postgresql://app:${secret}@db/bags`, '[health.postgres.databases.other]\nuser = "h"');
    expect(both.map(({ name }) => name)).toEqual(['other']);
  });

  test.each([
    `postgresql://app:${secret}#@db/bags`,
    `postgresql://app:1/${secret}@db/bags`,
    `postgresql://app:%${secret}@db/bags`,
    `postgresql://app:${secret}@a,b/bags`,
  ])('%s is no reason to do nothing at all, and is told without a word of it', (url) => {
    const [database] = given(url);
    expect(() => database?.readTarget()).toThrow(OpsError);
    expect(() => database?.readTarget()).toThrow(/cannot use DATABASE_URL: it /);
    expect(() => database?.readTarget()).not.toThrow(secret);
  });
});

test('whatever a password is, it is read back when it is escaped, and else nothing of it is taken for a name', () => {
  const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
  // Parts of a path that no address can name.
  const databases = text.filter((name) => name !== '.' && name !== '..');
  fc.assert(
    fc.property(text, text, databases, fc.constantFrom('', '1', 'x'), (user, password, database, before) => {
      const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db/${encodeURIComponent(database)}`;
      expect(parsePostgresUrl(url)).toMatchObject({ user, password, database, host: 'db' });
      const raw = `${before}${password}`;
      const found = parsePostgresUrl(`postgresql://app:${raw}@db/bags`);
      const names = 'problem' in found ? found.problem : [found.host, found.user, found.database].join(' ');
      expect('problem' in found || names === 'db app bags').toBe(true);
    }),
  );
});

describe('an app with PostgreSQL', () => {
  const app = 'postgres_url = "postgresql://app@db/bags"\n';
  const own = { host: 'db', user: 'app', database: 'bags' };
  const other = '[health.postgres.databases.reports]\nuser = "h"\n';

  test.each<[string, string, object[]]>([
    ['by itself', '', [{ name: 'bags', role: undefined, target: own }]],
    [
      'as its entry says, which needs no address',
      '[health.postgres.databases.bags]\nrole = "web"\nrollback_percent = 5',
      [{ name: 'bags', role: 'web', rollbackPercent: 5, target: own }],
    ],
    [
      'by an entry with an address of its own, once',
      '[health.postgres.databases.bags]\nurl = "postgresql://watcher@db/bags"',
      [{ name: 'bags', target: { ...own, user: 'watcher' } }],
    ],
    ['beside others', other, [{ name: 'bags', target: own }, { name: 'reports' }]],
  ])('is watched %s', (_, toml, expected) => {
    expect(load(`${app}${toml}`).map((one) => ({ ...one, target: one.readTarget() }))).toMatchObject(
      expected,
    );
  });

  test.each([
    [`[health.postgres.databases.bags]\nhost = "other"`, /health.postgres.databases.bags: needs user/],
    [`[health.postgres.databases.bag]\nrole = "web"`, /health.postgres.databases.bag: needs user/],
    [`[explorer]\napps = ["bags"]`, /names "bags", which is no app with a SQLite database/],
  ])('%j is refused', (toml, message) => {
    expect(() => load(`${app}${toml}`)).toThrow(message);
  });
});

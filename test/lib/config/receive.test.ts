import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keepSettings } from '../../../lib/config/last-good.ts';
import { loadConfig, loadLastGood } from '../../../lib/config/load.ts';
import { scratch } from '../../support/scratch.ts';

function load(text: string) {
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, text);
  return loadConfig({ path, environment: {} });
}

const replica = '[replicas.tt]\ndatabase = "/srv/tt.db"\nsources = ["laptop-1"]\n';
const receive = (lines: string) => `[receive]\n${lines}\n${replica}`;

test('a machine that only receives needs no app, and is complete with a replica', () => {
  const config = load(receive(''));
  expect(config.apps).toEqual([]);
  expect(config.receive).toMatchObject({
    host: '127.0.0.1',
    port: 8790,
    tls: undefined,
    isBehindProxy: false,
  });
  expect(config.replicas).toMatchObject([
    {
      name: 'tt',
      target: { kind: 'sqlite', path: '/srv/tt.db' },
      policy: {
        sources: ['laptop-1'],
        schema: 'follow',
        audit: false,
        otherTables: { day: undefined, deletions: 'apply', deletionsMax: { rows: 1000, percent: 20 } },
      },
    },
  ]);
});

test('a machine without an app keeps whom it tells for the day on which its configuration is none', async () => {
  const state = scratch();
  const environment = { HOLDFAST_STATE: state, HOLDFAST_RUN: state };
  const path = join(scratch(), 'holdfast.toml');
  writeFileSync(path, `[alerts]\nntfy = { topic_file = "/t" }\n${receive('')}`);
  await keepSettings(loadConfig({ path, environment }), new Date('2026-11-20T02:05:13Z'));
  writeFileSync(path, '[');
  const kept = loadLastGood({ path, environment })?.config;
  expect(kept).toMatchObject({ apps: [], alerts: { ntfy: { topicFile: '/t' } } });
});

test.each([
  ['0.0.0.0:8790', { host: '0.0.0.0', port: 8790 }],
  ['[::]:443', { host: '::', port: 443 }],
  ['reports.lan:8790', { host: 'reports.lan', port: 8790 }],
])('listens at %s', (listen, expected) => {
  expect(load(receive(`listen = "${listen}"\ntunnel = true`)).receive).toMatchObject(expected);
});

test('what is different for a table stands with it, and the rest is of the replica', () => {
  const { replicas } = load(
    `${replica}deletions = "mark"\n[replicas.tt.tables.DAY]\nday = "date"\n[replicas.tt.tables.VISIT]\nday = "day_id -> DAY.date"\ndeletions = "keep"\nupdated_at = "changed"\n[replicas.tt.tables."bike visit"]\nday = "day -> main day(day id).the date"\n`,
  );
  expect(replicas[0]?.policy.tables).toMatchObject({
    DAY: { day: { column: 'date' }, deletions: 'mark', updatedAt: undefined },
    VISIT: {
      day: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } },
      deletions: 'keep',
      updatedAt: 'changed',
    },
    'bike visit': { day: { column: 'day', parent: { table: 'main day', key: 'day id', day: 'the date' } } },
  });
});

describe('a mistake is told with its place, and quotes no secret', () => {
  test.each([
    [receive('listen = "8790"'), /receive\.listen: must be an address and a port/],
    [receive('listen = "0.0.0.0:0"'), /receive\.listen: must be/],
    [
      receive('listen = "0.0.0.0:8790"'),
      /receive\.listen: would have the keys of the sources travel in the clear/,
    ],
    [receive('listen = "0.0.0.0:8790"\nbehind_proxy = true'), /behind_proxy: needs listen = "127/],
    [receive('certificate = "/c.pem"'), /certificate: needs private_key/],
    [receive('private_key = "/c.pem"'), /private_key: needs certificate/],
    [receive('certificate = "c.pem"\nprivate_key = "/k"'), /receive\.certificate: must be an absolute path/],
    [receive('key = "hfd_secret"'), /receive\.key: unknown key/],
    ['[receive]\n', /receive: needs somewhere for the rows to arrive/],
    ['', /needs at least one app/],
    ['[replicas.tt]\ndatabase = "/a"\nsources = []', /sources: needs at least one source/],
    ['[replicas.tt]\ndatabase = "/a"\nsources = ["../x"]', /sources\.0: must have letters/],
    ['[replicas.tt]\ndatabase = "/a"\nsources = ["x", "x"]', /sources: names a source twice/],
    ['[replicas.tt]\nsources = ["x"]', /needs one of database, postgres_url and postgres_url_file/],
    [
      '[replicas.tt]\ndatabase = "/a"\npostgres_url = "postgresql://u@h/d"\nsources = ["x"]',
      /needs one of database/,
    ],
    [
      '[replicas.tt]\npostgres_url = "postgresql://u:hfd_secret@h/d"\nsources = ["x"]',
      /postgres_url: must not hold a password/,
    ],
    ['[replicas."../a"]\ndatabase = "/a"\nsources = ["x"]', /must be a name of letters/],
    [`${replica}[replicas.tt.tables.V]\nday = "a -> b"`, /tables\.V\.day: must be a column/],
    [`${replica}[replicas.tt.tables._holdfast_held]\nday = "a"`, /must not be a table of Holdfast itself/],
    [
      `${replica}[replicas.b]\ndatabase = "/srv/tt.db"\nsources = ["y"]`,
      /replicas\.b\.database: is where the rows of tt arrive/,
    ],
    [
      `${replica}[replicas.b]\ndatabase = "/b"\nsources = ["laptop-1"]`,
      /replicas\.b\.sources: has laptop-1, which feeds tt already/,
    ],
    [`[apps.a]\ndatabase = "/srv/tt.db"\n${replica}`, /replicas\.tt\.database: is the database of the app a/],
  ])('%j', (text, message) => {
    expect(() => load(text)).toThrow(message);
    expect(() => load(text)).not.toThrow(/hfd_secret/);
  });

  test('all of them are told at once', () => {
    const text = '[receive]\nlisten = "x"\n[replicas.a]\nsources = []\nschema = "magic"';
    expect(() => load(text)).toThrow(/listen[^]*sources[^]*schema/);
  });
});

test('an address with a password is in a file of its own, which nobody else may read', () => {
  const path = join(scratch(), 'url');
  const toml = `[replicas.tt]\npostgres_url_file = "${path}"\nsources = ["x"]`;
  writeFileSync(path, 'postgresql://u:pass@db.example:5433/reports?sslmode=verify-full\n', { mode: 0o600 });
  const target = load(toml).replicas[0]?.target;
  if (target?.kind !== 'postgres') throw new Error('no PostgreSQL');
  expect(target.readTarget()).toMatchObject({
    host: 'db.example',
    port: 5433,
    user: 'u',
    database: 'reports',
    sslmode: 'verify-full',
  });
  expect(target.readTarget().readPassword()).toBe('pass');
  writeFileSync(path, 'mysql://u:pass@h/d\n');
  expect(() => target.readTarget()).toThrow(/cannot use the address in .*url: it must be an address/);
  expect(() => target.readTarget()).not.toThrow(/pass@/);
});

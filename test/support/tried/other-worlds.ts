// The same where a server of others, a full disk or another machine is what the section is about.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DropboxStandIn } from '../../stand-ins/dropbox/stand-in.ts';
import { addressIn, allow } from '../dropbox-link.ts';
import { PostgresServer } from '../postgres.ts';
import { TestReader } from '../reader.ts';
import { RunbookWorld } from './runbook-world.ts';

/** The store is a Dropbox, which the machine is linked with. */
export async function dropbox(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  const { DROPBOX_APP_KEY: key = '', HOLDFAST_DROPBOX_URL: url = '' } = (await withDropbox(world))
    .environment;
  world.environment = { HOLDFAST_DROPBOX_URL: url };
  world.configure({ store: `kind = "dropbox"\napp_key = "${key}"` });
  world.ask = async (question) => allow(addressIn(question) ?? '');
  await world.withBackups(0);
  await world.well('db-backup link');
  await world.well('db-backup run');
  world.write('/srv/token', 'x', 0o644);
  world.values['the file'] = '/srv/token';
  world.values['…'] = key;
  return world;
}

/** The same Dropbox, and a new machine that knows nothing of it. */
export async function unlinked(): Promise<RunbookWorld> {
  const world = await dropbox();
  for (const path of [world.config, world.at('/var/lib/holdfast')]) rmSync(path, { recursive: true });
  Object.assign(world.environment, {
    HOLDFAST_CONFIG: '',
    HOLDFAST_STATE: world.at('/var/lib/holdfast'),
    HOLDFAST_RUN: world.at('/run/holdfast'),
  });
  return world;
}

/** Somebody who has the older script: its settings, and a copy that it made. */
export async function script(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  const { environment, files } = await withDropbox(world);
  await world.withBackups(0);
  files.write('/backups/database_backup_20260101_020500.db', readFileSync(world.database));
  rmSync(world.config);
  world.environment = {
    ...environment,
    HOLDFAST_CONFIG: '',
    DATABASE_PATH: world.database,
    HOLDFAST_STATE: world.at('/var/lib/holdfast'),
    HOLDFAST_RUN: world.at('/run/holdfast'),
  };
  for (const path of ['/tmp/ctv-db-sync.lock', '/var/spool/cron/x', '/etc/systemd/system/x'])
    world.write(path, '');
  world.write('/etc/cron.d/ctv', '5 2 * * * root /opt/spotops/cli_db_sync.py backup');
  world.values['name'] = 'database_backup_20260101_020500.db';
  return world;
}

/** Its clock is the one of the world. */
async function withDropbox(world: RunbookWorld): Promise<DropboxStandIn> {
  const standIn = world.keep(await DropboxStandIn.start());
  const { clock } = standIn;
  clock.advance((world.clock.now().getTime() - clock.now()) / 1000);
  world.clock = {
    now: () => new Date(clock.now()),
    monotonicMs: () => clock.now(),
    advance: (ms) => clock.advance(ms / 1000),
  };
  return standIn;
}

/** The store's disk is full. */
export async function full(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  mkdirSync(world.store);
  if (process.geteuid?.() === 0) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8M', 'tmpfs', world.store]);
    world.onEnd(() => void execFileSync('umount', ['-l', world.store]));
  }
  await world.withBackups(3);
  if (process.geteuid?.() === 0)
    execFileSync('sh', ['-c', 'cat /dev/zero > "$1" 2>/dev/null; true', 'sh', `${world.store}/fill`]);
  return world;
}

/** An app with PostgreSQL. */
export async function postgres(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  const server = world.keep(await PostgresServer.make());
  await server.sql("create role bags login createdb password 'bags'");
  await server.sql('create database bags owner bags');
  await server.sql(
    "set role bags; create table bag (id serial primary key, code text); insert into bag (code) select 'bag ' || n from generate_series(1, 100) n",
    'bags',
  );
  world.write(
    '/etc/holdfast/credentials/app-bags-postgres-url',
    `postgresql://bags:bags@127.0.0.1:${server.port}/bags?sslmode=disable\n`,
  );
  writeFileSync(
    world.config,
    world.placed(
      `state_directory = "/var/lib/holdfast"\nrun_directory = "/run/holdfast"\nclock = "trusted"\n[store]\nkind = "directory"\npath = "/srv/backups"
[apps.bags]\npostgres_url_file = "/etc/holdfast/credentials/app-bags-postgres-url"\n`,
    ),
  );
  world.environment = { PGHOST: server.directory, PGPORT: String(server.port), PGUSER: 'postgres' };
  world.values['file'] = () => readdirSync(world.directory).find((name) => name.endsWith('.dump')) ?? 'none';
  await world.well('db-backup run');
  return world;
}

/** Documents, and a reader over ssh. */
export async function shipping(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  mkdirSync(world.at('/home/reader'), { recursive: true });
  mkdirSync(world.at('/srv/days'));
  const reader = world.keep(await TestReader.ssh({ home: world.at('/home/reader') }));
  const ship = Object.entries(reader.keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  world.configure({
    app: `[apps.ctv.export]
directory = "/srv/days"
days = "SELECT date FROM day"
document = "SELECT json_object('date', date) FROM day WHERE date = :day"
[apps.ctv.export.ship]
${ship.join('\n')}`,
  });
  return world.withBackups(1, {
    sql: "CREATE TABLE day (date TEXT PRIMARY KEY); INSERT INTO day VALUES ('2026-04-25');",
  });
}

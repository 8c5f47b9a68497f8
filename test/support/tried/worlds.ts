// The worlds in which sections of the runbook are read: in each something has gone wrong, or is set up, that the section is about.
import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeIdentity } from '../../../lib/seal/age.ts';
import { NtfyStandIn } from '../../stand-ins/ntfy/stand-in.ts';
import { onlyChecks, ownChecks } from '../health.ts';
import { RunbookWorld } from './runbook-world.ts';

const hour = 3_600_000;

/** All is well. Somebody is to be told, and nobody has anything to tell. */
export async function well(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  await withAlerts(world);
  await world.withBackups(2);
  await world.well('restore drill');
  await world.well('health-check run');
  mkdirSync(world.at('/var/lib/holdfast/report'));
  world.write('/home/kim/migrate.sh', '#!/bin/sh\n', 0o755);
  execFileSync('sqlite3', [world.at('/srv/old.db'), 'CREATE TABLE run (id)']);
  world.values['check'] = 'backup-age';
  world.values['source'] = 'laptop-1';
  await world.well(
    `openssl req -x509 -nodes -newkey ed25519 -subj /CN=pi -keyout ${world.at('/srv/key.pem')} -out ${world.at('/srv/own.pem')}`,
  );
  world.values['certificate'] = '/srv/own.pem';
  world.values['the old one'] = '/srv/old.db';
  world.write('/srv/pi.toml', readFileSync(world.config, 'utf8'));
  world.write(
    '/opt/app/settings.env',
    world.placed('DATABASE_PATH=/srv/app/app.db\nHOLDFAST_STORE=/srv/backups'),
  );
  return world;
}

/** The same, with nobody to be told, for who restores there. */
export async function owned(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups(2);
  world.app('DELETE FROM orders WHERE id = 1');
  world.values['its name'] = async () =>
    /undo set \S*\/(\S+)/.exec(await world.well('restore status'))?.[1] ?? 'none';
  return world;
}

async function withAlerts(world: RunbookWorld): Promise<NtfyStandIn> {
  const ntfy = world.keep(await NtfyStandIn.start());
  world.write('/etc/holdfast/credentials/ntfy-topic', ntfy.topic);
  const alerts = `[alerts]\nntfy = { server = "${ntfy.url}", topic_file = "/etc/holdfast/credentials/ntfy-topic" }\n`;
  world.configure({ more: alerts + onlyChecks(...ownChecks) });
  return ntfy;
}

/** The directory of the database is gone, with all that was in it. */
export async function withoutDirectory(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  rmSync(dirname(world.database), { recursive: true });
  return world;
}

/** Somebody has the database open. */
export async function open(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  const database = new Database(world.database);
  database.pragma('user_version');
  world.holds(() => database.close());
  return world;
}

/** Another program keeps the database to itself. */
export async function locked(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  const database = new Database(world.database);
  database.exec('BEGIN EXCLUSIVE');
  world.holds(() => database.close());
  return world;
}

/** A restore was killed before it could start the app again. */
export async function interrupted(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  world.app('DELETE FROM orders');
  world.configure({ app: `stop = "true"\nstart = "sh -c 'kill -9 $(ps -o ppid= -p $PPID)'"` });
  const { signal, exitCode } = await world.shell('restore run latest --yes');
  if (signal !== 'SIGKILL' && exitCode !== 137) throw new Error(`it was not killed: ${exitCode}`);
  world.configure({ app: 'stop = "true"\nstart = "true"' });
  world.values['…'] = 'latest';
  return world;
}

/** A new machine, and the disk with the backups of the old one. */
export async function newMachine(): Promise<RunbookWorld> {
  const old = await new RunbookWorld().withBackups();
  const world = new RunbookWorld();
  world.keep(old);
  mkdirSync(world.at('/mnt'));
  execFileSync('cp', ['-a', old.store, world.at('/mnt/backups')]);
  rmSync(world.config);
  world.environment = {
    HOLDFAST_CONFIG: '',
    HOLDFAST_STATE: world.at('/var/lib/holdfast'),
    HOLDFAST_RUN: world.at('/run/holdfast'),
  };
  return world;
}

/** Another disk is where the store was. */
export async function otherStore(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  rmSync(world.store, { recursive: true });
  mkdirSync(world.store);
  return world;
}

/** A run an hour. */
export async function hourly(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  world.configure({ app: 'every = "1h"' });
  await world.withBackups();
  world.write('/srv/pi.toml', readFileSync(world.config, 'utf8'));
  world.write(
    '/opt/app/settings.env',
    world.placed('DATABASE_PATH=/srv/app/app.db\nHOLDFAST_STORE=/srv/backups'),
  );
  return world;
}

/** A table was emptied, and a backup of that made. */
export async function shrunken(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  world.app('DELETE FROM orders');
  await world.type('db-backup run');
  return world;
}

/** A backup was made while the clock was ahead. */
export async function future(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  world.clock.advance(48 * hour);
  world.app('DELETE FROM orders WHERE id = 1');
  await world.well('db-backup run');
  world.clock.advance(-48 * hour);
  world.values['its name'] = () => world.newest('.db');
  return world;
}

/** A byte of a backup is not what it was. */
export async function damaged(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups(2);
  const path = join(world.store, 'backups/ctv', world.newest('.db'));
  const bytes = readFileSync(path);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return world;
}

/** A series of pages. */
export async function pages(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  world.configure({ app: 'format = "pages"\nevery = "1h"' });
  await world.withBackups(2);
  world.values['name'] = () => world.newest('.pages');
  return world;
}

/** A series of pages, plain files beside it, and both once more as they are sealed; the key is where somebody has typed it in. */
export async function sealedPages(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  world.configure({ app: 'format = ["plain", "pages"]' });
  await world.withBackups(2);
  const { recipient, identity } = await makeIdentity();
  world.write('/home/kim/key.txt', `${identity}\n`);
  world.configure({ app: 'format = ["plain", "pages"]', top: `[encryption]\nrecipients = ["${recipient}"]` });
  world.app('DELETE FROM orders WHERE id = 1');
  await world.well('db-backup run');
  return world;
}

/** Backups that only their owner can open. */
export async function sealed(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  const { recipient, identity } = await makeIdentity();
  world.write('/home/kim/key.txt', `${identity}\n`);
  world.configure({ more: `[encryption]\nrecipients = ["${recipient}"]` });
  await world.withBackups();
  const name = world.newest('.db.age');
  execFileSync('cp', [join(world.store, 'backups/ctv', name), world.directory]);
  world.values['file'] = '/home/kim/key.txt';
  // At the terminal the identity is asked for; of a new pair it is typed back as it was shown.
  world.ask = async (question) => /AGE-SECRET-KEY-1\w+/.exec(question)?.[0] ?? identity;
  return world;
}

/** A backup has failed, and the news waits to be told. */
export async function alerted(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  await withAlerts(world);
  await world.withBackups();
  rmSync(world.database);
  world.isAttended = false;
  await world.type('db-backup run');
  world.isAttended = true;
  await world.well('alert-send deliver');
  world.values['3fa9c1'] = async () =>
    /\b[0-9a-f]{6}\b/.exec(await world.well('alert-send list'))?.[0] ?? 'none';
  return world;
}

/** An app whose owner allows a vacuum. */
export async function maintained(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  world.configure({ app: 'maintain = { vacuum_days = 30, integrity_days = 30, min_free_percent = 0 }' });
  return world.withBackups();
}

const documentKeys = `[apps.ctv.export]
directory = "/srv/days"
days = "SELECT date FROM day"
document = "SELECT json_object('date', date, 'note', note) FROM day WHERE date = :day"`;
const twoDays = `CREATE TABLE day (date TEXT PRIMARY KEY, note TEXT);
  INSERT INTO day VALUES ('2026-04-25', 'a'), ('2026-04-26', 'b');`;

/** Documents, of which one was altered by hand and one is frozen. */
export async function documents(): Promise<RunbookWorld> {
  const world = new RunbookWorld();
  const rows =
    '[[apps.ctv.import.rows]]\ntable = "day"\nday = "date"\ncolumns = { date = "/date", note = "/note" }';
  world.write('/srv/schema.sql', 'CREATE TABLE day (date TEXT PRIMARY KEY, note TEXT)');
  world.configure({ app: `${documentKeys}\n[apps.ctv.import]\nschema = "/srv/schema.sql"\n${rows}` });
  mkdirSync(world.at('/srv/days'));
  await world.withBackups(1, { sql: twoDays });
  await world.well('db-export-json run');
  await world.well('db-export-json freeze 2026-04-25');
  world.values['day'] = '2026-04-25';
  world.values['new file'] = '/srv/again.db';
  return world;
}

/** A second machine whose first one is dead. */
export async function standby(): Promise<RunbookWorld> {
  const world = await new RunbookWorld().withBackups();
  rmSync(world.at('/var/lib/holdfast'), { recursive: true });
  world.configure({ app: '[apps.ctv.standby]\nmin_size = "1 kB"' });
  await world.well('restore standby --app ctv');
  return world;
}

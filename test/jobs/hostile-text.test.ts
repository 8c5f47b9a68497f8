// Every command in a world in which somebody hostile has named tables and indexes, files of the store, texts of manifests,
// records of the spool, dead letters and holders of locks: none of it reaches a terminal, or passes for a line of ours.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { alertSend } from '../../jobs/alert-send.ts';
import { currentProcess } from '../../lib/files/process-identity.ts';
import { writeOwner } from '../../lib/lock/owner.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { runInProcess } from '../support/in-process.ts';
import { TypedWorld } from '../support/typed-world.ts';
import { makeBookings } from '../support/world.ts';

/** What no terminal may get: C0 but the line end, DEL, C1, line separators, bidi. */
const obeyed =
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const hostile = 'x\nFORGED\r\u001b[2J\u009b31m\u202e\u2028\u0007';
/** In a name of a file; stores know no other control characters in one. */
const hostileName = 'x\u009b31m\u202e\u2028y';
const long = 'n'.repeat(200_000);

const commands: [string, string][] = [
  ['db-backup', 'run'],
  ['db-backup', 'run --dry-run'],
  ['db-backup', 'info'],
  ['db-backup', 'list'],
  ['db-backup', 'list-backups'],
  ['db-backup', 'verify --all'],
  ['db-backup', `verify backups/bookings/${hostileName}.db`],
  ['db-backup', 'prune --dry-run'],
  ['restore', 'list'],
  ['restore', 'status'],
  ['restore', `plan backups/bookings/${hostileName}.db`],
  ['restore', 'plan backups/bookings/odd.db'],
  ['restore', 'run backups/bookings/odd.db --yes'],
  ['restore', `run backups/bookings/${hostileName}.db --yes`],
  ['restore', 'drill backups/bookings/odd.db'],
  ['restore', hostile],
  ['alert-send', 'list'],
  ['alert-send', 'deliver --dry-run'],
  ['alert-send', 'deliver'],
  ['alert-send', `ack ${hostile}`],
];

/** A database that names its table and index so, and in whose index a row is missing. */
function makeHostile(path: string): void {
  const database = new Database(path);
  const quoted = (name: string) => `"${name}"`;
  database.exec(`CREATE TABLE ${quoted(hostile)} (a, b); INSERT INTO ${quoted(hostile)} VALUES (1, 2)`);
  database.exec(`CREATE INDEX ${quoted(`i${hostile}${long}`)} ON ${quoted(hostile)} (a)`);
  database.unsafeMode().pragma('writable_schema = ON');
  database.exec("UPDATE sqlite_schema SET sql = replace(sql, '(a)', '(b)') WHERE type = 'index'");
  database.close();
}

async function hostileWorld(): Promise<TypedWorld> {
  const world = new TypedWorld();
  world.configure({ top: '[alerts.ntfy]\nserver = "http://127.0.0.1:9"\ntopic_file = "/nowhere"\n' });
  makeBookings(world.database, { journalMode: 'delete' });
  expect(await world.run('db-backup', ['run'])).toMatchObject({ exitCode: 0 });
  const folder = join(world.store, 'backups/bookings');
  const [manifest = ''] = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const good = JSON.parse(readFileSync(join(folder, manifest), 'utf8')) as Record<string, unknown>;
  const forge = (name: string, fields: Record<string, unknown>) =>
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...good, ...fields }));
  writeFileSync(join(folder, `${hostileName}.db`), 'no database');
  forge(hostileName, {
    backup: `backups/bookings/${hostileName}.db`,
    size_bytes: 11,
    host: hostile,
    source: hostile,
    note: `${hostile}${long}`,
  });
  forge('bookings-20260101T000000Z', { backup: `${hostile}${long}` });
  writeFileSync(join(folder, 'bookings-20260101T000000Z.db'), 'x');
  forge('bookings-20260102T000000Z', {
    suspect: [hostile, long],
    backup: 'backups/bookings/bookings-20260102T000000Z.db',
    engine: hostile,
  });
  writeFileSync(join(folder, 'bookings-20260102T000000Z.db'), 'x');
  forge('bookings-20260103T000000Z', {
    suspect: [hostile, long],
    backup: 'backups/bookings/bookings-20260103T000000Z.db',
    size_bytes: 1,
  });
  writeFileSync(join(folder, 'bookings-20260103T000000Z.db'), 'x');
  makeHostile(join(folder, 'odd.db'));
  makeHostile(join(world.home, 'odd.db'));
  renameSync(join(world.home, 'odd.db'), world.database);
  await spool(world);
  const locks = join(world.home, 'run/locks');
  mkdirSync(locks, { recursive: true });
  await writeOwner(locks, 'bookings', {
    ...currentProcess(),
    purpose: hostile,
    runId: 'x',
    since: new Date(0),
  });
  return world;
}

/** A record that a run left, in which every text is hostile. */
async function spool(world: TypedWorld): Promise<void> {
  const path = join(world.state, 'spool/new/999999999999999-db-backup-01234567.json');
  mkdirSync(dirname(path), { recursive: true });
  const texts = {
    message: `${hostile}${long.slice(0, 100_000)}`,
    hint: hostile,
    next: hostile,
    apps: [hostile],
    run_id: hostile,
  };
  const record = {
    format: 'holdfast-spool',
    version: 1,
    kind: 'run',
    check: 'db-backup',
    at: '2026-11-20T02:05:13Z',
  };
  const protection = [{ app: hostile, backup: hostile, taken_at: '2026-11-20T02:05:13Z' }];
  writeFileSync(
    path,
    JSON.stringify({ ...record, result: 'failed', severity: 'critical', proves: [], ...texts, protection }),
  );
  mkdirSync(join(world.state, 'spool/dead'), { recursive: true });
  writeFileSync(join(world.state, 'spool/dead', `a${hostileName}.json`), JSON.stringify({ reason: hostile }));
}

test('no command shows anybody what a terminal obeys, or a line that is not its own', async () => {
  await using world = await hostileWorld();
  for (const [command, line] of commands) {
    const isJsonToo = /^(info|list|verify --all|status)/.test(line);
    for (const more of isJsonToo ? [['--verbose'], ['--json']] : [['--verbose']]) {
      const args = line === hostile ? [line, ...more] : [...line.split(' '), ...more];
      const { stdout, stderr } = await world.run(command, args);
      const where = `${command} ${JSON.stringify(line)} ${more.join('')}`;
      for (const text of [stdout, stderr]) {
        expect(obeyed.exec(text)?.[0].charCodeAt(0), where).toBeUndefined();
        expect(/^\s*FORGED/m.test(text), where).toBe(false);
        expect(text.length, where).toBeLessThan(60_000);
      }
      if (more[0] === '--json' && stdout !== '') expect(() => void JSON.parse(stdout), where).not.toThrow();
    }
  }
});

test('the values of --json are what they are', async () => {
  await using world = await hostileWorld();
  const { stdout } = await runInProcess(alertSend, ['list', '--json'], {
    clock: fixedClock(),
    environment: { HOLDFAST_CONFIG: world.config },
  });
  const { result } = JSON.parse(stdout) as { result: { incidents: { apps: string[] }[] } };
  expect(result.incidents[0]?.apps).toEqual([hostile]);
});

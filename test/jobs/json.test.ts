// What `--json` prints, command by command, pinned to the letter: scripts read it. A field is added here on purpose, and
// none is ever taken away or renamed without a word in the changes.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { alertSend } from '../../jobs/alert-send.ts';
import { dbBackup } from '../../jobs/db-backup.ts';
import { dbExportJson } from '../../jobs/db-export-json.ts';
import { dbMaintain } from '../../jobs/db-maintain.ts';
import { deltaPull } from '../../jobs/delta-pull.ts';
import { deltaPush } from '../../jobs/delta-push.ts';
import { deltaReceive } from '../../jobs/delta-receive.ts';
import { deltaServe } from '../../jobs/delta-serve.ts';
import { healthCheck } from '../../jobs/health-check.ts';
import { restore } from '../../jobs/restore.ts';
import { pullNotes, type SyncStatus } from '../../jobs/delta-pull/steps/pull-status.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import type { Job } from '../../lib/run/job.ts';
import { AlertWorld } from '../support/alert-world.ts';
import { deltaSite, pointTo } from '../support/delta-site.ts';
import { DropboxWorld } from '../support/dropbox-world.ts';
import { type FixedClock, fixedClock } from '../support/fixed-clock.ts';
import { onlyChecks, ownChecks } from '../support/health.ts';
import { type InProcessOptions, runInProcess } from '../support/in-process.ts';
import { changeRow } from '../support/series-world.ts';
import { readerKey, startMaster } from '../support/sync-master.ts';
import { type Ended, makeBookings, World } from '../support/world.ts';

const pinned = new Set<string>();

const dayShape = {
  name: 'DAY',
  columns: [
    { name: 'date', declared: 'TEXT', notNull: true },
    { name: 'note', declared: 'TEXT', notNull: false },
  ],
  key: ['date'],
  identity: 'primary',
} as const;
const tablePolicy = {
  day: undefined,
  updatedAt: undefined,
  deletions: 'apply',
  deletionsMax: { rows: 1000, percent: 20 },
} as const;
const receivePolicy = {
  sources: ['laptop-1'],
  schema: 'follow',
  tables: { DAY: { ...tablePolicy, day: { column: 'date' } } },
  otherTables: tablePolicy,
  audit: false,
  tombstonesKeptMs: 1,
} as const;

/** A machine on which time passes only between commands. */
interface Machine {
  world: World;
  clock: FixedClock;
}

async function machine(options: { rows?: number } = {}): Promise<Machine & AsyncDisposable> {
  const world = new World();
  makeBookings(world.database, { journalMode: 'delete', ...options });
  world.configure({ top: 'time_zone = "Europe/Berlin"\nclock = "trusted"' });
  return { world, clock: fixedClock(), [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

async function type({ world, clock }: Machine, job: Job, line: string, options: InProcessOptions = {}) {
  clock.advance(60_000);
  const words = line.split(' ').map((word) => word.replaceAll('~', world.home));
  return runInProcess(job, [...words, '--json', '--config', world.config], { clock, ...options });
}

/** Runs it and compares what it prints with the file of that name. */
async function pin(name: string, machine: Machine, job: Job, line: string, options?: InProcessOptions) {
  const ended = await type(machine, job, line, options);
  expect(ended.stdout, ended.stderr).not.toBe('');
  await expect(settled(ended, machine)).toMatchFileSnapshot(`json/${name}.json`);
  pinned.add(`${job.name} ${line.split(' ')[0]}`);
}

/** Without what differs from machine to machine and from run to run. */
function settled({ stdout }: Ended, { world }: Machine): string {
  return stdout
    .replaceAll(world.home, '/world')
    .replaceAll(resolve(import.meta.dirname, '../..'), '/opt/holdfast')
    .replace(/Holdfast 3\.[\d.]+/g, 'Holdfast <SQLite>')
    .replace(/\bage1\w{58}\b/g, '<public key>')
    .replace(/\bAGE-SECRET-KEY-1\w{58}\b/g, '<identity>')
    .replace(/\bh(?:fd|xb)_\w{40}\b/g, '<key>')
    .replace(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(hostname(), 'host') // a short one may stand in a key
    .replace(/("id": )"[0-9a-f]{6}"/g, '$1"<id>"')
    .replace(/\back [0-9a-f]{6}\b/g, 'ack <id>')
    .replace(/\b[0-9a-f]{32}\b/g, '<run id>')
    .replace(/("(?:free|total)_bytes": )\d+/g, '$10')
    .replace(/("(?:\w+_ms|pid|sent_bytes|received_bytes|spooled_bytes|requests)": )[\d.]+/g, '$10')
    .replace(/("value": )[\d.]+(,\s+"unit": "%")/g, '$10$2') // how full the disk is that the test runs on
    .replace(/("version": )"[^"]*"/g, '$1"<version>"')
    .replace(/("(?:stored|fetch)_bytes": )\d+(?=,\s+"(?:level|chain|format": "pages)")/g, '$10') // up to zstd
    .replace(/("chain": \[[^\]]*\][^}]*\}[^}]*"needed_bytes": )\d+/g, '$10')
    .replace(/("modified_at": )"[^"]*"/g, '$1"<time>"')
    .replace(/("name": "[^"]*\.json",\s+"size_bytes": )\d+/g, '$10')
    .replace(/[\d.]+ [kMGT]B free/g, '<bytes> free')
    .replace(/clock is .* behind/g, 'clock is <time> behind')
    .replace(/("(?:not_before|first_seen|last_seen|network)": )"[^"]*"/g, '$1"<time>"')
    .replace(/tried again after [\dT:.Z-]+/g, 'tried again after <time>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/holdfast-test-[0-9a-f]+/g, 'holdfast-test-<id>')
    .replace(/("refresh_token": )"[^"]+"/g, '$1"<token>"');
}

describe('db-backup', () => {
  test('backs up, lists, verifies, prunes and fetches', async () => {
    await using pi = await machine();
    await pin('db-backup-run-dry', pi, dbBackup, 'run --dry-run');
    await pin('db-backup-init-dry', pi, dbBackup, 'init --dry-run');
    await pin('db-backup-init', pi, dbBackup, 'init');
    await pin('db-backup-test', pi, dbBackup, 'test');
    await pin('db-backup-run', pi, dbBackup, 'run');
    await pin('db-backup-backup', pi, dbBackup, 'backup before-upgrade --note 5.2');
    await pin('db-backup-backup-dry', pi, dbBackup, 'backup after-upgrade --dry-run');
    await pin('db-backup-upload', pi, dbBackup, 'upload');
    await pin('db-backup-upload-dry', pi, dbBackup, 'upload --dry-run');
    await pin('db-backup-info', pi, dbBackup, 'info');
    await pin('db-backup-list-backups', pi, dbBackup, 'list-backups');
    await pin('db-backup-list', pi, dbBackup, 'list');
    await pin('db-backup-verify', pi, dbBackup, 'verify --all');
    await pin('db-backup-verify-dry', pi, dbBackup, 'verify --dry-run');
    await pin('db-backup-prune', pi, dbBackup, 'prune');
    await pin('db-backup-prune-dry', pi, dbBackup, 'prune --dry-run');
    await pin('db-backup-keygen', pi, dbBackup, 'keygen --yes --page ~/safe.html');
    await pin('db-backup-download', pi, dbBackup, 'download ~/copy.db');
    await pin('db-backup-download-dry', pi, dbBackup, 'download ~/other.db --dry-run');
  });

  test('removes what somebody named', async () => {
    await using pi = await machine();
    await type(pi, dbBackup, 'backup before-upgrade --note 5.2');
    pi.clock.advance(60_000);
    await type(pi, dbBackup, 'run');
    await pin('db-backup-remove-dry', pi, dbBackup, 'remove before-upgrade --dry-run');
    await pin('db-backup-remove', pi, dbBackup, 'remove before-upgrade --yes');
  });

  test('backs up by the hour', async () => {
    await using pi = await machine();
    pi.world.configure({ top: 'time_zone = "Europe/Berlin"\nclock = "trusted"', app: 'every = "1h"' });
    await type(pi, dbBackup, 'init');
    await pin('db-backup-hourly-dry', pi, dbBackup, 'hourly --dry-run');
    await pin('db-backup-hourly', pi, dbBackup, 'hourly');
    await pin('db-backup-hourly-unchanged', pi, dbBackup, 'hourly');
  });

  test('tells bad news of a backup', async () => {
    await using pi = await machine({ rows: 5000 });
    await type(pi, dbBackup, 'run');
    rmSync(pi.world.database);
    makeBookings(pi.world.database, { rows: 1, journalMode: 'delete' });
    await pin('db-backup-run-suspect', pi, dbBackup, 'run');
    rmSync(pi.world.database);
    await pin('db-backup-run-missing', pi, dbBackup, 'run');
  });

  test('tells of an altered backup what is wrong, and no more', async () => {
    await using pi = await machine();
    await type(pi, dbBackup, 'run');
    alter(pi.world);
    await pin('db-backup-verify-altered', pi, dbBackup, 'verify');
  });

  test('tells of a drill of an altered backup what is wrong, and no more', async () => {
    await using pi = await machine();
    await type(pi, dbBackup, 'run');
    alter(pi.world);
    await pin('restore-drill-altered', pi, restore, 'drill');
  });

  test('links with Dropbox', async () => {
    await using world = await DropboxWorld.start();
    makeBookings(world.database, { journalMode: 'delete' });
    world.configureDropbox();
    world.standIn.clock.skewSeconds = (7 * 24 + 2.5) * 3600;
    const ask = async (question: string) => {
      const address = /^ +(http\S+)$/m.exec(question)?.[1] ?? '';
      const reply = await fetch(address, { headers: { accept: 'application/json' } });
      return ((await reply.json()) as { code: string }).code;
    };
    const pi = { world, clock: fixedClock() };
    const { clock, environment } = world;
    await pin('db-backup-link-print', pi, dbBackup, 'link --print', { ask, clock, environment });
    await pin('db-backup-link', pi, dbBackup, 'link', { ask, clock, environment });
  });
});

test('restore, of a backup in pages', async () => {
  await using pi = await machine({ rows: 2000 });
  const top = 'time_zone = "Europe/Berlin"\nclock = "trusted"';
  pi.world.configure({ top, app: 'format = "pages"\nevery = "1h"' });
  await type(pi, dbBackup, 'run');
  changeRow(pi.world.database, 1);
  pi.clock.advance(3_600_000);
  await type(pi, dbBackup, 'hourly');
  await pin('restore-plan-pages', pi, restore, 'plan latest --to ~/new.db');
  await pin('restore-list-pages', pi, restore, 'list');
});

test('restore', async () => {
  await using pi = await machine();
  await type(pi, dbBackup, 'run');
  await pin('restore-plan', pi, restore, 'plan latest');
  await pin('restore-plan-to', pi, restore, 'plan latest --to ~/new.db');
  await pin('restore-run-dry', pi, restore, 'run latest --dry-run');
  await pin('restore-run-to', pi, restore, 'run latest --to ~/new.db');
  await pin('restore-run', pi, restore, 'run latest --yes');
  await pin('restore-list', pi, restore, 'list');
  await pin('restore-status', pi, restore, 'status');
  await pin('restore-undo-dry', pi, restore, 'undo --dry-run');
  await pin('restore-undo', pi, restore, 'undo --yes');
  await pin('restore-download', pi, restore, 'download latest ~/again.db');
  await pin('restore-download-dry', pi, restore, 'download latest ~/more.db --dry-run');
  await pin('restore-drill', pi, restore, 'drill');
  await pin('restore-drill-dry', pi, restore, 'drill --dry-run');
  await pin('restore-run-without-consent', pi, restore, 'run latest');
  await pin('db-backup-restore-latest', pi, dbBackup, 'restore-latest --yes');
});

test('restore, what it would change', async () => {
  await using pi = await machine();
  await type(pi, dbBackup, 'run');
  changeRow(pi.world.database, 3);
  await pin('restore-diff', pi, restore, 'diff latest --keys 1');
});

test('restore, on a standby', async () => {
  await using pi = await machine();
  await type(pi, dbBackup, 'run');
  rmSync(pi.world.database);
  pi.world.configure({
    top: 'time_zone = "Europe/Berlin"\nclock = "trusted"',
    app: '[apps.bookings.standby]\nmin_size = "1 kB"',
  });
  await pin('restore-standby', pi, restore, 'standby');
  await pin('restore-status-standby', pi, restore, 'status');
  pi.clock.advance(48 * 3_600_000);
  await pin('restore-standby-old', pi, restore, 'standby');
  await pin('restore-promote-dry', pi, restore, 'promote --dry-run');
  await pin('restore-promote', pi, restore, 'promote --yes --stale');
});

test('db-export-json', async () => {
  await using pi = await machine({ rows: 2 });
  mkdirSync(join(pi.world.home, 'days'));
  const keys = `days = "SELECT '2026-11-27'"\ndocument = """SELECT json_object('rows', count(*)) FROM booking"""`;
  // Without a private key nothing goes out, wherever the test runs.
  const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHK6lB5jLxq4JzWQXo5mXhJkT3GgAa9q0Yy6b8h0n6pE';
  const app = `[apps.bookings.export]\ndirectory = ${JSON.stringify(join(pi.world.home, 'days'))}\n${keys}
[apps.bookings.export.ship]\nto = "tt@reports:/srv/days"\nhost_key = "${hostKey}"
[apps.bookings.import]\nschema = ${JSON.stringify(join(pi.world.home, 'schema.sql'))}
[[apps.bookings.import.rows]]\ntable = "counted"\nday = "day"\ncolumns = { day = "$day", rows = "/rows" }`;
  pi.world.configure({ app, top: 'time_zone = "Europe/Berlin"\nclock = "trusted"' });
  await pin('db-export-json-run-dry', pi, dbExportJson, 'run --dry-run');
  await pin('db-export-json-run', pi, dbExportJson, 'run');
  await pin('db-export-json-run-ship-dry', pi, dbExportJson, 'run --ship --dry-run');
  await pin('db-export-json-run-ship', pi, dbExportJson, 'run --ship');
  await pin('db-export-json-freeze-dry', pi, dbExportJson, 'freeze 2026-11-27 --dry-run');
  await pin('db-export-json-freeze', pi, dbExportJson, 'freeze 2026-11-27 --reason sent');
  await pin('db-export-json-status', pi, dbExportJson, 'status');
  writeFileSync(join(pi.world.home, 'days/2026-11-27.json'), '{"rows":3}');
  writeFileSync(join(pi.world.home, 'schema.sql'), 'CREATE TABLE counted (day, rows)');
  await pin('db-export-json-import-dry', pi, dbExportJson, 'import --to ~/again.db --dry-run');
  await pin('db-export-json-import', pi, dbExportJson, 'import --to ~/again.db');
  await pin('db-export-json-check', pi, dbExportJson, 'check');
  await pin('db-export-json-run-held', pi, dbExportJson, 'run');
  await pin('db-export-json-unfreeze', pi, dbExportJson, 'unfreeze 2026-11-27');
  await pin('db-export-json-unfreeze-dry', pi, dbExportJson, 'unfreeze 2026-11-27 --dry-run');
  await type(pi, dbExportJson, 'run');
  await pin('db-export-json-demote-dry', pi, dbExportJson, 'demote --dry-run');
  await pin('db-export-json-demote', pi, dbExportJson, 'demote --from 2026-11-27 --reason trying');
  await pin('db-export-json-promote-dry', pi, dbExportJson, 'promote --dry-run');
  await pin('db-export-json-promote', pi, dbExportJson, 'promote --from 2026-11-27');
});

test('alert-send', async () => {
  await using world = await AlertWorld.start({ backup: false });
  const pi = { world, clock: fixedClock() };
  rmSync(world.database);
  await type(pi, dbBackup, 'run');
  await pin('alert-send-deliver-dry', pi, alertSend, 'deliver --dry-run');
  await pin('alert-send-deliver', pi, alertSend, 'deliver');
  await pin('alert-send-list', pi, alertSend, 'list');
  await pin('alert-send-ack-dry', pi, alertSend, 'ack db-backup --dry-run');
  await pin('alert-send-ack', pi, alertSend, 'ack db-backup --for 8h');
  await pin('alert-send-spool', pi, alertSend, 'spool --job db-backup --result timeout');
  await pin('alert-send-spool-dry', pi, alertSend, 'spool --job db-backup --result timeout --dry-run');
  await pin('alert-send-test', pi, alertSend, 'test');
  await pin('alert-send-test-dry', pi, alertSend, 'test --dry-run');
});

test('db-maintain', async () => {
  await using pi = await machine({ rows: 2 });
  pi.world.configure({
    top: 'time_zone = "Europe/Berlin"\nclock = "trusted"',
    app: 'maintain = { vacuum_days = 30, integrity_days = 30, min_free_percent = 0 }',
  });
  await pin('db-maintain-run-dry', pi, dbMaintain, 'run --dry-run');
  await pin('db-maintain-run', pi, dbMaintain, 'run');
  await pin('db-maintain-vacuum', pi, dbMaintain, 'vacuum');
  await pin('db-maintain-optimize', pi, dbMaintain, 'optimize');
  await pin('db-maintain-integrity', pi, dbMaintain, 'integrity');
});

test('health-check', async () => {
  await using pi = await machine({ rows: 2 });
  pi.world.configure({ top: `time_zone = "Europe/Berlin"\nclock = "trusted"\n${onlyChecks(...ownChecks)}` });
  await type(pi, dbBackup, 'run');
  await pin('health-check-run', pi, healthCheck, 'run');
  await pin('health-check-status', pi, healthCheck, 'status');
  await pin('health-check-explain', pi, healthCheck, 'explain backup-age');
  await pin('health-check-list', pi, healthCheck, 'list');
  await pin('health-check-report', pi, healthCheck, 'report');
  mkdirSync(join(pi.world.home, 'other/etc'), { recursive: true });
  await pin('health-check-doctor', pi, healthCheck, 'doctor --root ~/other');
});

test('delta-receive', async () => {
  await using pi = await machine();
  const { world } = pi;
  const files = `certificate = "${join(world.home, 'c.pem')}"\nprivate_key = "${join(world.home, 'k.pem')}"`;
  const target = { path: join(world.home, 'tt.db'), policy: receivePolicy, clock: pi.clock };
  world.configure({
    top: 'time_zone = "Europe/Berlin"\nclock = "trusted"',
    apps: `[receive]\nlisten = "127.0.0.1:1"\n${files}\n[replicas.tt]\ndatabase = "${target.path}"\nsources = ["laptop-1"]\n[replicas.tt.tables.DAY]\nday = "date"\n`,
  });
  const replica = await openSqliteReplica(target);
  await replica.offer('laptop-1', [dayShape]);
  await replica.close();
  const sql = join(world.home, 'fix.sql');
  writeFileSync(sql, "INSERT INTO DAY (date, note) VALUES ('2026-11-26', 'by hand')");
  await pin('delta-receive-key', pi, deltaReceive, 'key add laptop-1');
  await pin('delta-receive-cert', pi, deltaReceive, 'cert --name reports.lan');
  await pin('delta-receive-correct', pi, deltaReceive, 'correct ~/fix.sql --by kim --reason late');
  await pin('delta-receive-freeze', pi, deltaReceive, 'freeze 2026-11-26 --by kim');
  await pin('delta-receive-frozen', pi, deltaReceive, 'frozen');
  await pin('delta-receive-held', pi, deltaReceive, 'held');
  await pin('delta-receive-approve', pi, deltaReceive, 'approve');
  await pin('delta-receive-status', pi, deltaReceive, 'status');
  await pin('delta-receive-reopen', pi, deltaReceive, 'reopen 2026-11-26 --by kim');
  pinned.add('delta-receive run'); // a service prints nothing when it ends well
});

test('delta-serve', async () => {
  await using pi = await machine({ rows: 2 });
  const { home } = pi.world;
  pi.world.configure({
    top: 'time_zone = "Europe/Berlin"\nclock = "trusted"',
    app: `[apps.bookings.serve]\nlisten = "0.0.0.0:5001"\nkeys = { office = "sha256:${'a'.repeat(64)}" }
certificate = "${join(home, 'serve.pem')}"\nprivate_key = "${join(home, 'serve.key')}"`,
  });
  await pin('delta-serve-install-dry', pi, deltaServe, 'install --dry-run');
  await pin('delta-serve-install', pi, deltaServe, 'install');
  await pin('delta-serve-cert', pi, deltaServe, 'cert');
  await pin('delta-serve-key', pi, deltaServe, 'key office');
  await pin('delta-serve-status', pi, deltaServe, 'status');
  await pin('delta-serve-uninstall', pi, deltaServe, 'uninstall');
  pinned.add('delta-serve run'); // a service prints nothing when it ends well
});

test('delta-pull', async () => {
  await using pi = await machine();
  const { home } = pi.world;
  mkdirSync(join(home, 'master'));
  await using master = await startMaster(join(home, 'master'), { tls: true });
  master.run("INSERT INTO batches VALUES (1, 'B1', '2024-01-15', '2024-01-15 10:30:00.000000')");
  writeFileSync(join(home, 'key'), readerKey, { mode: 0o600 });
  pi.world.configure({
    top: 'time_zone = "Europe/Berlin"\nclock = "trusted"',
    apps: `[pulls.herd]\nfrom = "${master.url}"\npin = "sha256:${master.fingerprint}"\nkey_file = "${join(home, 'key')}"
replica = "${join(home, 'replica.db')}"\n`,
  });
  await pin('delta-pull-fingerprint', pi, deltaPull, 'fingerprint');
  await pin('delta-pull-status-never', pi, deltaPull, 'status');
  await pin('delta-pull-once-full', pi, deltaPull, 'once');
  await pin('delta-pull-once-nothing', pi, deltaPull, 'once');
  master.run('DELETE FROM batches');
  await pin('delta-pull-once-changes', pi, deltaPull, 'once');
  await pin('delta-pull-resync', pi, deltaPull, 'resync');
  await pullNotes(join(home, 'run'), 'herd').writeStatus(served(master.url, pi.clock.now().toISOString()));
  await pin('delta-pull-status', pi, deltaPull, 'status');
  pinned.add('delta-pull run'); // a service prints nothing when it ends well
});

/** As a service leaves it. */
function served(master: string, at: string): SyncStatus {
  return {
    running: true,
    sync_interval: 10,
    last_sync_time: at,
    total_syncs: 7,
    successful_syncs: 5,
    failed_syncs: 2,
    total_records_synced: 3,
    last_change_time: at,
    last_full_sync_time: at,
    age: 0,
    master,
    error: `cannot pull from ${master}: connection refused (ECONNREFUSED)`,
  };
}

test('delta-push', async () => {
  await using world = new World();
  const pi = { world, clock: fixedClock('2026-11-28T09:00:00Z') };
  const top = 'time_zone = "Europe/Berlin"\nclock = "trusted"';
  const { server, app, port } = await deltaSite(world, { top });
  await pin('delta-push-install-dry', pi, deltaPush, 'install --dry-run');
  await pin('delta-push-install', pi, deltaPush, 'install');
  await pin('delta-push-export-sql', pi, deltaPush, 'export-sql ~/changes.sql --keep');
  await pin('delta-push-run', pi, deltaPush, 'run');
  await pin('delta-push-status', pi, deltaPush, 'status');
  await pin('delta-push-doctor', pi, deltaPush, 'doctor');
  await pin('delta-push-parity', pi, deltaPush, 'parity --deep');
  await server.freeze('2026-11-26');
  await server.correct("UPDATE VISIT SET time_out = '17:30' WHERE id = 2");
  app.exec("UPDATE VISIT SET time_out = 'x' WHERE id = 1; ALTER TABLE DAY DROP COLUMN note");
  await pin('delta-push-run-held', pi, deltaPush, 'run');
  await pin('delta-push-held', pi, deltaPush, 'held');
  await pin('delta-push-corrections', pi, deltaPush, 'corrections');
  await pin('delta-push-corrections-apply', pi, deltaPush, 'corrections --apply');
  server.tampered.exec('UPDATE VISIT SET time_in = 9 WHERE id = 3');
  await pin('delta-push-parity-differs', pi, deltaPush, 'parity --repair');
  await pin('delta-push-resync-day', pi, deltaPush, 'resync --day 2026-11-27');
  await pin('delta-push-resync', pi, deltaPush, 'resync VISIT');
  await pin('delta-push-takeover', pi, deltaPush, 'takeover --yes');
  pointTo(world, `http://127.0.0.1:${port}/elsewhere`, top);
  await pin('delta-push-run-away', pi, deltaPush, 'run');
  await pin('delta-push-status-away', pi, deltaPush, 'status');
  await pin('delta-push-held-away', pi, deltaPush, 'held');
  await pin('delta-push-uninstall', pi, deltaPush, 'uninstall');
  pinned.add('delta-push watch'); // a service prints nothing when it ends well
});

afterAll(() => {
  const commands = [
    dbBackup,
    dbExportJson,
    dbMaintain,
    deltaPull,
    deltaReceive,
    deltaServe,
    healthCheck,
    restore,
    alertSend,
  ].flatMap(({ name, commands }) => commands.map((command) => `${name} ${command.name}`));
  expect(commands.filter((command) => !pinned.has(command))).toEqual([]);
});

/** Changes one byte of the only timestamped backup. */
function alter(world: World): void {
  const name = world.stored().find((one) => one.startsWith('backups/') && one.endsWith('.db')) ?? '';
  const path = join(world.store, name);
  const bytes = readFileSync(path);
  chmodSync(path, 0o644);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

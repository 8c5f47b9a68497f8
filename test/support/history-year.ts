// ops.db as a year of nights leaves it: two apps, and what went wrong on days that tests know. Days are counted back from
// the end of that year; each holds at the same hour, so that a question about so many days has one right answer.
import Database from 'better-sqlite3';
import { prepareSchema } from '../../lib/history/schema.ts';
import { historyDatabase } from './history-database.ts';

const dayMs = 24 * 60 * 60 * 1000;
const days = 365;

/** ops.db in memory, with 365 nights before `end`, of which the newest was an hour before it. */
export function historyYear(end: Date): Database.Database {
  const database = new Database(':memory:');
  prepareSchema(historyDatabase(database));
  const at = (day: number, minutes = 0) =>
    new Date(end.getTime() - day * dayMs - 60 * 60 * 1000 + minutes * 60_000).toISOString();
  const insert =
    (table: string): Insert =>
    (row) => {
      const names = Object.keys(row);
      const values = names.map((name) => `:${name}`);
      database.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${values.join(', ')})`).run(row);
    };
  database.transaction(() => {
    nights(at, insert('runs'), insert('backups'));
    drills(at, insert('runs'), insert('drills'));
    pages(at, insert('backups'), insert('looks'));
    alerts(at, insert('deliveries'));
    others(at, insert('runs'));
    health(at, insert('checks'), insert('check_changes'));
    samples(database, at(0));
    incidents(at, insert('incidents'));
    rowChanges(at, insert);
  })();
  return database;
}

/** The same as a file. */
export function writeHistoryYear(path: string, end: Date): void {
  const database = historyYear(end);
  database.prepare('VACUUM INTO ?').run(path);
  database.close();
}

type At = (day: number, minutes?: number) => string;
type Insert = (row: Record<string, string | number | null>) => void;

/** Nights that did not end well: app and day. */
const badNights: Record<string, { outcome: string; exitCode: number | null; message: string }> = {
  'ctv 1': {
    outcome: 'bad-news',
    exitCode: 1,
    message: 'orders has half of its rows: the backup is suspect',
  },
  'ctv 3': { outcome: 'failed', exitCode: 69, message: 'cannot reach Dropbox: no route to host' },
  'shop 5': { outcome: 'interrupted', exitCode: null, message: 'it was killed' },
  'shop 20': { outcome: 'failed', exitCode: 74, message: 'cannot back up shop: the disk is full' },
};

function nights(at: At, run: Insert, backup: Insert): void {
  for (let day = days - 1; day >= 0; day -= 1)
    for (const [index, app] of ['ctv', 'shop'].entries()) {
      const bad = badNights[`${app} ${day}`];
      const id = `night-${app}-${day}`;
      const minutes = app === 'ctv' && day === 10 ? 48 : 12;
      run({
        ...process(id, 'db-backup', 'run', app),
        started_at: at(day, index),
        ended_at: bad?.exitCode === null ? null : at(day, index + minutes),
        outcome: bad?.outcome ?? 'done',
        exit_code: bad === undefined ? 0 : bad.exitCode,
        message: bad?.message ?? null,
        sent_bytes: bad?.exitCode === 69 ? 0 : app === 'ctv' ? 310_000_000 : 11_000_000,
        received_bytes: 20_000,
      });
      if (bad !== undefined && bad.outcome !== 'bad-news') continue;
      const sizeBytes =
        (app === 'ctv' ? 1_400_000_000 : 50_000_000) - day * 1_000_000 * (app === 'ctv' ? 1 : 0.1);
      backup({
        app,
        name: `backups/${app}/${app}-${day}.db`,
        run_id: id,
        taken_at: at(day, index),
        ...{ size_bytes: sizeBytes, stored_bytes: sizeBytes },
        sha256: '3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',
        state: bad === undefined ? 'proven' : 'suspect',
        published_at: null,
      });
    }
}

function drills(at: At, run: Insert, drill: Insert): void {
  for (let day = days - 1; day >= 0; day -= 1)
    for (const [index, app] of ['ctv', 'shop'].entries()) {
      if (day % 7 !== index + 2) continue;
      const failed = app === 'shop' && day === 17;
      const id = `drill-${app}-${day}`;
      const began = { started_at: at(day, 30), ended_at: at(day, 35), message: null };
      run({
        ...process(id, 'restore', 'drill', app),
        ...began,
        outcome: failed ? 'bad-news' : 'done',
        exit_code: failed ? 1 : 0,
      });
      drill({
        run_id: id,
        app,
        name: `backups/${app}/${app}-${day}.db`,
        at: at(day, 35),
        outcome: failed ? 'failed' : 'passed',
        detail: failed
          ? 'orders has 1 row, the manifest says 135'
          : 'every page and all rows as in the manifest',
      });
    }
}

/** A till in pages: a full and its one increment, another with one a day, and with some an hour since the last of those. */
function pages(at: At, backup: Insert, look: Insert): void {
  const name = (id: string) => `backups/till/till-${id}.pages`;
  const made = (
    id: string,
    when: string,
    more: { stored_bytes: number; level: number; base: string | null },
  ) => {
    backup({
      ...{ app: 'till', name: name(id), run_id: `till-${id}`, taken_at: when, size_bytes: 1_000_000_000 },
      ...{ sha256: 'ab'.repeat(32), state: 'proven', published_at: null, format: 'pages', ...more },
    });
  };
  made('old', at(40, -30), { stored_bytes: 240_000_000, level: 0, base: null });
  made('old-1', at(39, -30), { stored_bytes: 150_000_000, level: 1, base: name('old') });
  made('full', at(9, -30), { stored_bytes: 250_000_000, level: 0, base: null });
  for (let day = 8; day >= 0; day -= 1)
    made(`day-${day}`, at(day, -400), { stored_bytes: 10_000_000, level: 1, base: name('full') });
  for (let hour = 5; hour >= 1; hour -= 1)
    made(`hour-${hour}`, at(0, -60 * hour), { stored_bytes: 1_000_000, level: 2, base: name('day-0') });
  look({ app: 'till', name: name('hour-1'), run_id: 'x', at: at(0, 30), looks: 1 });
}

function alerts(at: At, delivery: Insert): void {
  for (const [night, { message }] of Object.entries(badNights)) {
    const [app = '', day = ''] = night.split(' ');
    const told = {
      checks: `db-backup@${app}`,
      title: `pi5: db-backup of ${app}: ${message}`,
      at: at(Number(day), 14),
    };
    delivery({ ...told, channel: 'ntfy', outcome: 'delivered', reason: null });
    const refused = night === 'ctv 3';
    delivery({
      ...told,
      channel: 'slack',
      outcome: refused ? 'refused' : 'delivered',
      reason: refused ? 'answered 404' : null,
    });
  }
  delivery({
    ...{ at: at(40), channel: 'ntfy', checks: '', title: 'pi5: alerts work' },
    ...{ outcome: 'delivered', reason: null },
  });
}

/** Documents that were kept until nine days ago, and a restore that is at work. */
function others(at: At, run: Insert): void {
  for (let day = days - 1; day >= 9; day -= 1)
    run({
      ...process(`documents-${day}`, 'db-export-json', 'run', 'shop'),
      ...{ started_at: at(day, 45), ended_at: at(day, 46), outcome: 'done', exit_code: 0, message: null },
    });
  run({
    ...process('restore-now', 'restore', 'run', 'ctv'),
    ...{ started_at: at(0, 50), ended_at: null, outcome: 'running', exit_code: null, message: null },
  });
}

const checks = ['disk-space', 'memory', 'load', 'temperature', 'wal'];
const subjects = ['/', '/srv', 'ctv', 'shop'];

/** Twenty things that are looked at; three of them are not well. */
function health(at: At, check: Insert, change: Insert): void {
  for (const name of checks)
    for (const [index, subject] of subjects.entries()) {
      const verdict = badChecks[`${name} ${subject}`] ?? 'ok';
      const isWell = verdict === 'ok';
      const value = 40 + index;
      check({
        ...{ check_name: name, subject, verdict, since: at(isWell ? 100 : 2), at: at(0, 55) },
        ...{
          value,
          unit: '%',
          message: `${value}% used, 97 GB free`,
          hint: isWell ? null : 'du -xh / | sort -h | tail',
        },
        ...{ failures: isWell ? 0 : 3, recoveries: isWell ? 3 : 0, alarm_since: isWell ? null : at(2, 5) },
        ...{ hidden_by: null, sampled_at: at(0) },
      });
      if (isWell) continue;
      const turns = [2, 12, 22].flatMap((day) => [
        { at: at(day), before: 'ok', after: verdict, message: '97% used' },
        { at: at(day, 30), before: verdict, after: 'ok', message: '41% used' },
      ]);
      // It is bad still.
      for (const turn of turns.toSpliced(1, 1)) change({ ...turn, check_name: name, subject });
    }
}

/** A value an hour of each of them, back from the newest. */
function samples(database: Database.Database, newest: string): void {
  const insert = database.prepare(`
    WITH RECURSIVE hours(hour) AS (SELECT 0 UNION ALL SELECT hour + 1 FROM hours WHERE hour < :hours - 1)
    INSERT INTO measurements (check_name, subject, name, at, value)
    SELECT :name, :subject, 'value', strftime('%Y-%m-%dT%H:%M:%fZ', :newest, '-' || hour || ' hours'), :value + hour % 24 / 10.0
    FROM hours`);
  for (const name of checks)
    for (const [index, subject] of subjects.entries())
      insert.run({ name, subject, newest, value: 40 + index, hours: days * 24 });
}

const badChecks: Record<string, string> = {
  'disk-space /': 'critical',
  'memory shop': 'warning',
  'temperature /srv': 'unknown',
};

function incidents(at: At, incident: Insert): void {
  for (const [night, { message }] of Object.entries(badNights)) {
    const [app = '', day = ''] = night.split(' ');
    incident({
      ...{
        check_name: `db-backup@${app}`,
        opened_at: at(Number(day), 13),
        severity: 'warning',
        message,
        apps: app,
      },
      closed_at: day === '1' ? null : at(Number(day) - 1, 13),
    });
  }
}

/** A laptop that pushes each day to the replica here, another that was silent for ten days, and one that never came. */
function rowChanges(at: At, insert: (table: string) => Insert): void {
  const batch = {
    ...{ run_id: 'x', direction: 'received', subject: 'reports', epoch: 'e', size_bytes: 2_000_000 },
    ...{
      outcome: 'applied',
      upserts: 40,
      deletes: 2,
      unchanged: 5,
      held: 1,
      anomalies: 0,
      refused_tables: '',
    },
  };
  const nothing = { upserts: 0, deletes: 0, unchanged: 0, held: 0 };
  for (let day = 39; day >= 0; day -= 1) {
    insert('batches')({ ...batch, at: at(day), source: 'laptop-1', batch_no: 40 - day, reason: null });
    if (day >= 10)
      insert('batches')({ ...batch, at: at(day), source: 'laptop-2', batch_no: 1, reason: null });
  }
  const refused = { ...batch, ...nothing, source: 'laptop-2', batch_no: 9 };
  insert('batches')({ ...refused, at: at(3), outcome: 'refused', reason: 'it is at batch 8' });
  insert('batches')({ ...refused, at: at(50), outcome: 'failed', reason: 'cannot reach the database' });
  insert('batches')({
    ...batch,
    at: at(1),
    direction: 'sent',
    subject: 'ctv',
    source: 'ctv',
    batch_no: 1,
    reason: null,
  });
  insert('replicas')({
    replica: 'reports',
    at: at(0),
    away_since: at(2),
    problem: 'cannot reach the database',
  });
  for (const [source, day] of [
    ['laptop-1', 0],
    ['laptop-2', 10],
    ['laptop-3', undefined],
  ] as const) {
    const when = day === undefined ? null : at(day);
    insert('replica_sources')({
      ...{ replica: 'reports', source, last_batch_at: when, last_taken_at: when, last_seen_at: when },
      ...{ batches: 40, rows: 1600, resyncing: 0 },
    });
  }
  const held = {
    replica: 'reports',
    source: 'laptop-1',
    table_name: 'VISIT',
    first_seen: at(5),
    last_seen: at(1),
  };
  for (const [reason, day, changes] of [
    ['frozen-day', '2026-11-20', 3],
    ['frozen-day', '2026-11-19', 1],
    ['mass-deletion', '', 900],
  ] as const)
    insert('replica_held')({ ...held, reason, day, changes });
  insert('replica_held')({
    ...held,
    table_name: 'DAY',
    source: 'laptop-2',
    reason: 'frozen-day',
    day: '2026-11-20',
    changes: 2,
  });
}

function process(id: string, job: string, command: string, app: string) {
  return {
    ...{ id, job, command, app, host: 'pi5', machine: '0b1e', boot_id: 'b00t', pid_namespace: '4026531836' },
    ...{ pid: 4711, start_ticks: 12345, holdfast_version: '0.2.0' },
  };
}

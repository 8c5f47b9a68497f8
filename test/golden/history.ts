// ops.db of every version of its tables. Whoever opens an older one gets it with the tables of today and all its rows.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { silentLog } from '../../lib/base/log.ts';
import { openHistory } from '../../lib/history/history.ts';
import type { RunRow } from '../../lib/history/rows.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { openHistoryDatabase } from '../support/history-database.ts';
import { scratch } from '../support/scratch.ts';
import { at, type Goldens, pi } from './golden.ts';

const proven = 'backups/ctv/ctv-20261119T020513Z.db';
const suspect = 'backups/ctv/ctv-20261120T020513Z.db';
const sha256 = '3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7';

const known = {
  runs: [
    run('run-running', 'run', 'ctv', { startedAt: minute('15'), outcome: 'running' }),
    run('run-lost', 'run', 'ctv', { startedAt: minute('14'), outcome: 'interrupted' }),
    run('run-busy', 'run', 'shop', {
      ...{ startedAt: minute('12'), endedAt: minute('13'), outcome: 'busy', exitCode: 75 },
      message: 'held by restore run',
    }),
    run('run-failed', 'upload', 'ctv', {
      ...{ startedAt: minute('10'), endedAt: minute('11'), outcome: 'failed', exitCode: 69 },
      message: 'cannot reach Dropbox',
    }),
    run('run-bad-news', 'verify', 'ctv', {
      ...{ startedAt: minute('08'), endedAt: minute('09'), outcome: 'bad-news', exitCode: 1 },
      message: 'one backup is damaged',
    }),
    run('run-done', 'run', undefined, {
      ...{ startedAt: minute('06'), endedAt: minute('07'), outcome: 'done', exitCode: 0 },
    }),
  ],
  lastBackup: { name: proven, takenAt: new Date('2026-11-19T02:05:13Z') },
  lastDrill: {
    ...{ runId: 'run-bad-news', app: 'ctv', name: suspect, outcome: 'failed' },
    at: minute('17'),
    detail: 'orders has 1 row, the manifest says 135',
  },
  passedDrills: [{ name: proven, at: minute('16') }],
  backups: [
    {
      ...{ app: 'ctv', name: proven, run_id: 'run-done', taken_at: '2026-11-19T02:05:13.000Z' },
      ...{ size_bytes: 4096000, sha256, state: 'proven', published_at: '2026-11-19T02:06:00.000Z' },
      ...{ format: 'plain', stored_bytes: 4096000, level: null, base: null, note: null },
    },
    {
      ...{ app: 'ctv', name: suspect, run_id: 'run-bad-news', taken_at: at.toISOString() },
      ...{ size_bytes: 8192, sha256, state: 'suspect', published_at: null },
      ...{ format: 'plain', stored_bytes: 8192, level: null, base: null, note: null },
    },
  ],
  looks: [],
  looksAt: [],
};

const deliveries = [
  {
    ...{
      id: 1,
      at: minute('18').toISOString(),
      channel: 'ntfy',
      checks: 'db-backup restore-drill@ctv',
    },
    ...{ title: 'pi5: db-backup failed', outcome: 'delivered', reason: null },
  },
  {
    ...{ id: 2, at: minute('19').toISOString(), channel: 'slack', checks: '' },
    ...{ title: 'pi5: alerts work', outcome: 'refused', reason: 'answered 404' },
  },
];

const withoutDelta = { replicas: [], totals: [], batches: [] };
const withoutChecks = {
  ...{ checks: [], changes: [], samples: [], note: undefined, incidents: [] },
  ...withoutDelta,
};

const ended = {
  ...{ endedAt: minute('20'), outcome: 'done', exitCode: 0 },
  ...{ sentBytes: 1234567, receivedBytes: 8910 },
};

const withChecks = {
  checks: [
    {
      ...{ check: 'backup-age', subject: 'ctv', verdict: 'critical', value: 612000.5, unit: 's' },
      ...{ since: minute('15'), at: minute('20'), failures: 3, recoveries: 0, hiddenBy: 'store' },
      ...{ alarmSince: minute('16'), sampledAt: minute('20') },
      message: 'there is no proven backup in the store',
      hint: 'make one: db-backup run --app ctv',
    },
    {
      ...{ check: 'clock', subject: 'machine', verdict: 'ok', value: undefined, unit: 's' },
      ...{ since: minute('10'), at: minute('20'), failures: 0, recoveries: 7, hiddenBy: undefined },
      ...{ alarmSince: undefined, sampledAt: undefined, message: 'set from the network', hint: undefined },
    },
  ],
  changes: [
    {
      ...{ at: minute('20'), check: 'backup-age', subject: 'ctv', before: 'ok', after: 'critical' },
      message: 'there is no proven backup in the store',
    },
  ],
  samples: [{ at: minute('20'), value: 612000.5 }],
  note: '0x50000',
  incidents: [
    {
      ...{ check: 'health:backup-age@ctv', openedAt: minute('16'), closedAt: undefined },
      ...{ severity: 'critical', message: 'there is no proven backup', apps: ['ctv', 'shop'] },
    },
    {
      ...{ check: 'db-backup', openedAt: minute('06'), closedAt: minute('08') },
      ...{ severity: 'warning', message: 'cannot reach Dropbox', apps: [] },
    },
  ],
};

const epoch = 'e'.repeat(32);
const sent = {
  ...{ id: 1, at: minute('21').toISOString(), run_id: 'run-done', direction: 'sent', subject: 'tagtracker' },
  ...{ source: 'laptop-1', epoch, batch_no: 7, size_bytes: 2048, outcome: 'applied', upserts: 5, deletes: 1 },
  ...{ unchanged: 2, held: 3, anomalies: 1, refused_tables: 'A B', reason: null },
};
const noCounts = { upserts: 0, deletes: 0, unchanged: 0, held: 0, anomalies: 0, refused_tables: '' };

const withDelta = {
  batches: [
    sent,
    {
      ...{ ...sent, ...noCounts, id: 2, at: minute('22').toISOString(), run_id: 'x', direction: 'received' },
      ...{ subject: 'reports', outcome: 'refused', reason: 'it is at batch 8' },
    },
    {
      ...{ ...sent, ...noCounts, id: 3, at: minute('23').toISOString(), run_id: 'y', direction: 'received' },
      ...{ subject: 'reports', outcome: 'failed', reason: 'cannot reach the database' },
    },
  ],
  totals: [
    {
      ...{ direction: 'received', subject: 'reports', source: 'laptop-1', applied: 0, refused: 1, failed: 1 },
      ...{ upserts: 0, deletes: 0, held: 0, sizeBytes: 4096, lastAt: undefined },
    },
    {
      ...{ direction: 'sent', subject: 'tagtracker', source: 'laptop-1', applied: 1, refused: 0, failed: 0 },
      ...{ upserts: 5, deletes: 1, held: 3, sizeBytes: 2048, lastAt: minute('21') },
    },
  ],
  replicas: [
    {
      ...{ replica: 'away', at: minute('25'), sources: [], held: [] },
      away: { since: minute('24'), problem: 'cannot reach the database' },
    },
    {
      ...{ replica: 'reports', at: minute('25'), away: undefined },
      sources: [
        {
          ...{ source: 'laptop-1', lastBatchAt: minute('20').toISOString(), batches: 7, rows: 900 },
          ...{ lastTakenAt: minute('19').toISOString(), lastSeenAt: minute('24').toISOString() },
          isResyncing: true,
        },
        {
          ...{ source: 'laptop-2', lastBatchAt: undefined, lastTakenAt: undefined, lastSeenAt: undefined },
          ...{ batches: 0, rows: 0, isResyncing: false },
        },
      ],
      held: [
        heldRow({ reason: 'frozen-day', day: '2026-11-17', changes: 12 }),
        heldRow({ reason: 'no-day', day: undefined, changes: 1 }),
      ],
    },
  ],
};

function heldRow(what: { reason: string; day: string | undefined; changes: number }) {
  const [firstSeen, lastSeen] = [minute('05').toISOString(), minute('20').toISOString()];
  return { source: 'laptop-1', table: 'VISIT', ...what, firstSeen, lastSeen };
}

const full = 'backups/ctv/ctv-20261120T030513Z.pages';
const increment = 'backups/ctv/ctv-20261120T040513Z.pages.age';

const withPages = {
  lastBackup: { name: increment, takenAt: new Date('2026-11-20T04:05:13Z') },
  backups: [
    ...known.backups,
    {
      ...{ app: 'ctv', name: full, run_id: 'run-done', taken_at: '2026-11-20T03:05:13.000Z' },
      ...{ size_bytes: 4096000, sha256, state: 'proven', published_at: null },
      ...{ format: 'pages', stored_bytes: 1024000, level: 0, base: null, note: null },
    },
    {
      ...{ app: 'ctv', name: increment, run_id: 'run-done', taken_at: '2026-11-20T04:05:13.000Z' },
      ...{ size_bytes: 4100096, sha256, state: 'proven', published_at: null },
      ...{ format: 'pages', stored_bytes: 5120, level: 1, base: full, note: null },
    },
  ],
  looks: [{ app: 'ctv', name: increment, run_id: 'run-busy', at: minute('27').toISOString(), looks: 2 }],
  looksAt: [{ name: increment, at: minute('27') }],
};

export const history: Goldens = {
  'history/v1.db': { read, value: { ...known, version: 6, deliveries: [], ...withoutChecks } },
  'history/v2.db': {
    read,
    value: {
      ...known,
      version: 6,
      ...withoutChecks,
      deliveries,
    },
  },
  'history/v3.db': {
    read,
    value: {
      ...known,
      version: 6,
      runs: known.runs.map((one) => (one.id === 'run-running' ? { ...one, ...ended } : one)),
      deliveries,
      ...withChecks,
      ...withoutDelta,
    },
  },
  'history/v4.db': {
    read,
    value: {
      ...known,
      version: 6,
      runs: known.runs.map((one) => (one.id === 'run-running' ? { ...one, ...ended } : one)),
      deliveries,
      ...withChecks,
      ...withDelta,
    },
  },
  'history/v5.db': {
    read,
    value: {
      ...known,
      version: 6,
      runs: known.runs.map((one) => (one.id === 'run-running' ? { ...one, ...ended } : one)),
      deliveries,
      ...withChecks,
      ...withDelta,
      ...withPages,
    },
  },
  'history/v6.db': {
    read,
    value: {
      ...known,
      version: 6,
      runs: known.runs.map((one) => (one.id === 'run-running' ? { ...one, ...ended } : one)),
      deliveries,
      ...withChecks,
      ...withDelta,
      ...withPages,
      backups: withPages.backups.map((one) =>
        one.name === full ? { ...one, note: 'before the import' } : one,
      ),
    },
  },
};

/** What the history knows; and the rows that only people ask for. */
async function read(fixture: string): Promise<unknown> {
  const path = join(scratch(), 'ops.db');
  await cp(fixture, path);
  const quarantine = () => {
    throw new Error('it is taken for damaged');
  };
  const opened = openHistory(() => openHistoryDatabase(path), {
    clock: fixedClock('2026-11-21T02:05:13Z'),
    log: silentLog,
    quarantine,
  });
  const found = {
    runs: opened.recentRuns(undefined, 100),
    lastBackup: opened.lastBackup('ctv'),
    looksAt: opened.looksAt('ctv'),
    lastDrill: opened.lastDrill('ctv'),
    passedDrills: opened.passedDrills('ctv'),
    checks: opened.checkStates(),
    changes: opened.checkChanges(minute('00'), 100),
    samples: opened.samples({ check: 'backup-age', subject: 'ctv', name: 'value' }, minute('00')),
    note: opened.note('throttled'),
    incidents: opened.incidents(minute('00'), 100),
    replicas: opened.replicas(),
    totals: opened.batchTotals(minute('00')),
  };
  opened.close();
  const database = new Database(path, { readonly: true });
  const rows = (table: string) => database.prepare(`SELECT * FROM ${table} ORDER BY rowid`).all();
  try {
    const version = database.pragma('user_version', { simple: true });
    const [backups, looks, deliveries, batches] = ['backups', 'looks', 'deliveries', 'batches'].map(rows);
    return { ...found, version, backups, looks, deliveries, batches };
  } finally {
    database.close();
  }
}

function run(
  id: string,
  command: string,
  app: string | undefined,
  more: Partial<RunRow> & Pick<RunRow, 'startedAt' | 'outcome'>,
): RunRow {
  return {
    ...{ ...pi, id, job: 'db-backup', command, app, holdfastVersion: '0.1.0' },
    ...{ endedAt: undefined, exitCode: undefined, message: undefined },
    ...{ sentBytes: undefined, receivedBytes: undefined },
    ...more,
  };
}

function minute(text: string): Date {
  return new Date(`2026-11-20T02:${text}:13.250Z`);
}

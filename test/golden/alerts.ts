// The spool, what alert-send remembers, and dead letters; also where they lie in the run directory.
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../lib/base/log.ts';
import { emptyState } from '../../lib/incident/state.ts';
import type { CheckState, Incident } from '../../lib/incident/state.ts';
import { deadLetters, keepDeadLetter } from '../../lib/notify/dead-letters.ts';
import { formatRecord, parseRecord, type SpoolRecord } from '../../lib/notify/spool-record.ts';
import { Spool } from '../../lib/notify/spool.ts';
import { formatState, type KeptState, parseState } from '../../lib/notify/state-codec.ts';
import { StateFile } from '../../lib/notify/state-file.ts';
import { scratch } from '../support/scratch.ts';
import { at, type Golden, type Goldens, runId, text } from './golden.ts';

type Run = Extract<SpoolRecord, { kind: 'run' }>;

const protection = [
  { app: 'ctv', backup: 'backups/ctv/ctv-20261119T020513Z.db', takenAt: Date.parse('2026-11-19T02:05:13Z') },
  { app: 'shop', backup: undefined, takenAt: undefined },
];
const failed: Run = {
  kind: 'run',
  check: 'db-backup',
  runId,
  at: at.getTime(),
  result: 'failed',
  severity: 'warning',
  proves: ['db-backup-backup', 'db-backup-upload'],
  facts: {
    message: 'cannot reach Dropbox: getaddrinfo EAI_AGAIN',
    hint: 'try: db-backup test',
    next: 'db-backup run --app ctv',
    apps: ['ctv', 'shop'],
    runId,
    exitCode: 69,
    protection,
  },
};
const start: SpoolRecord = { kind: 'start', check: 'db-backup@ctv', runId, at: at.getTime() };
const busy: Run = {
  ...failed,
  ...{ result: 'busy', proves: [] },
  facts: said('another run holds the lock of ctv', { exitCode: 75 }),
};

const unheard: CheckState = {
  check: 'db-backup',
  failures: 0,
  recoveries: 0,
  skips: 0,
  interruptions: 0,
  failingAt: undefined,
  lastGoodAt: undefined,
  changesAt: [],
  incident: undefined,
};
const open: Incident = {
  openedAt: on20('02:05:13'),
  lastFailureAt: on20('06:05:13'),
  closedAt: undefined,
  severity: 'critical',
  result: 'failed',
  runs: 5,
  episodes: 1,
  flapping: false,
  apps: ['ctv', 'shop'],
  wellApps: [],
  facts: failed.facts,
  reminders: 2,
  remindAt: on20('10:05:13'),
  acknowledged: { at: on20('07:00:00'), untilAt: on20('11:00:00'), forMs: 14400000 },
  told: [
    { channel: 'ntfy', state: 'open', reminders: 1, apps: ['ctv'], critical: true },
    { channel: 'slack', state: 'closed', reminders: 0, apps: [], critical: false },
  ],
};
const closed: Incident = {
  ...open,
  closedAt: on20('08:00:00'),
  severity: 'warning',
  result: 'killed',
  runs: 1,
  episodes: 3,
  flapping: true,
  apps: [],
  facts: said('systemd killed it: timeout', { runId: undefined }),
  remindAt: undefined,
  acknowledged: { at: on20('07:00:00'), untilAt: undefined, forMs: undefined },
  told: [],
};
const nothingYet = { taken: [], state: emptyState(on20('00:00:00')) };
const everyKey: KeptState = {
  revision: 41,
  taken: ['001795140313250-db-backup-0a1b2c3d.json'],
  state: {
    begunAt: on20('00:00:00'),
    checks: [
      {
        ...unheard,
        failures: 5,
        skips: 1,
        failingAt: on20('02:05:13'),
        lastGoodAt: Date.parse('2026-11-19T02:05:13Z'),
        changesAt: [Date.parse('2026-11-18T02:05:13Z'), on20('02:05:13')],
        incident: open,
      },
      { ...unheard, check: 'db-backup-verify', recoveries: 1, interruptions: 2, incident: closed },
      { ...unheard, check: 'restore-drill@ctv', lastGoodAt: on20('03:00:00') },
    ],
    channels: [
      {
        ...{ channel: 'ntfy', attempts: 0, retryAt: undefined, retryMs: 0, failingAt: undefined },
        ...{ lastGoodAt: on20('02:06:00'), canaryAt: on20('00:00:00'), problem: undefined },
        refusedSetting: undefined,
      },
      {
        ...{ channel: 'slack', attempts: 3, retryAt: on20('06:10:00'), retryMs: 240000 },
        ...{ failingAt: on20('06:05:20'), lastGoodAt: undefined, canaryAt: undefined },
        problem: 'answered 503',
        refusedSetting: undefined,
      },
    ],
    runs: [
      { runId, check: 'db-backup', result: 'failed' },
      { runId: 'r-2', check: 'restore-drill@ctv', result: 'done' },
    ],
    pings: [
      { check: 'db-backup', kind: 'failure', runId, exitCode: 69, message: 'cannot reach Dropbox' },
      { check: 'restore-drill', kind: 'start', runId: undefined, exitCode: undefined, message: '' },
      { check: 'db-backup-verify', kind: 'success', runId: 'r-3', exitCode: 0, message: 'done' },
    ],
  },
};
const [ctv, ...otherChecks] = everyKey.state.checks;
const everyKey2: KeptState = {
  ...everyKey,
  state: {
    ...everyKey.state,
    checks: ctv === undefined ? [] : [{ ...ctv, incident: { ...open, wellApps: ['shop'] } }, ...otherChecks],
    channels: everyKey.state.channels.map((one) =>
      one.channel === 'slack' ? { ...one, refusedSetting: '0a1b' } : one,
    ),
  },
};

export const alerts: Goldens = {
  'spool/v1-run-failed.json': record(failed),
  'spool/v1-run-done.json': record({ ...failed, result: 'done', facts: said('done', { exitCode: 0 }) }),
  'spool/v1-run-bad-news.json': record({
    ...failed,
    ...{ check: 'restore-drill@ctv', result: 'bad-news', severity: 'critical', proves: [] },
    facts: { ...failed.facts, apps: ['ctv'], exitCode: 1, protection: protection.slice(0, 1) },
  }),
  'spool/v1-run-killed.json': record({
    ...failed,
    ...{ runId: undefined, result: 'killed', severity: 'critical', proves: [] },
    facts: said('systemd killed it: timeout', { runId: undefined }),
  }),
  'spool/v1-run-busy.json': record(busy),
  'spool/v1-run-interrupted.json': record({
    ...failed,
    ...{ result: 'interrupted', proves: [] },
    facts: said(
      'the run that began at 2026-11-19T02:05:13.250Z ended without a word: killed, or the power failed',
    ),
  }),
  'spool/v1-start.json': record(start),
  'spool/v1-acknowledgement.json': record({
    ...{ kind: 'acknowledgement', check: 'db-backup', at: at.getTime() },
    forMs: 14400000,
  }),
  'spool/v1-acknowledgement-until-the-end.json': record({
    ...{ kind: 'acknowledgement', check: 'db-backup', at: at.getTime() },
    forMs: undefined,
  }),
  'run/spool/': {
    read: (path) => new Spool([join(scratch(), 'not-there'), path], silentLog).look(),
    value: {
      records: [
        { name: '001795140313250-db-backup@ctv-95a20c0a.json', record: start },
        { name: '001795140313251-db-backup-7da1d0e3.json', record: busy },
      ],
      unreadable: [],
    },
  },
  'alerts/v1-nothing-yet.json': text(parseState, { revision: 1, ...nothingYet }),
  'alerts/v1-every-key.json': text(parseState, everyKey),
  'alerts/v2-every-key.json': text(parseState, everyKey2, formatState),
  'run/alerts/': {
    read: (path) => new StateFile([join(scratch(), 'not-there'), path], silentLog).look(0),
    value: { revision: 8, ...nothingYet },
  },
  'state/spool/dead/20261120T020513250Z-ntfy-0a1b2c3d.json': {
    read: readDead,
    value: [{ name: '20261120T020513250Z-ntfy-0a1b2c3d.json', reason: 'answered 413: too large' }],
    format: writeDead,
  },
  // What was no record is kept as it was.
  'state/spool/dead/unreadable-0a1b2c3d-001795140313250-db-backup-4e5f6a7b.json': {
    read: readDead,
    value: [{ name: 'unreadable-0a1b2c3d-001795140313250-db-backup-4e5f6a7b.json', reason: undefined }],
  },
};

function on20(time: string): number {
  return Date.parse(`2026-11-20T${time}Z`);
}

/** What a run says that has little to say. */
function said(message: string, more: Partial<Run['facts']> = {}): Run['facts'] {
  return {
    ...{ message, hint: undefined, next: undefined, apps: [], runId, exitCode: undefined, protection: [] },
    ...more,
  };
}

function record(value: SpoolRecord): Golden {
  return text(parseRecord, value, formatRecord);
}

async function readDead(path: string): Promise<unknown> {
  const directory = scratch();
  await cp(path, join(directory, path.split('/').at(-1) ?? ''));
  return (await deadLetters(directory)).map(({ name, reason }) => ({ name, reason }));
}

async function writeDead(): Promise<string> {
  const directory = scratch();
  await keepDeadLetter(directory, {
    channel: 'ntfy',
    reason: 'answered 413: too large',
    now: at.getTime(),
    message: {
      title: 'pi5: db-backup failed',
      body: 'cannot reach Dropbox\nnext: db-backup run',
      priority: 4,
      tags: [],
      link: undefined,
      sequence: '0011223344556677',
    },
  });
  const [name = ''] = await readdir(directory);
  return readFile(join(directory, name), 'utf8');
}

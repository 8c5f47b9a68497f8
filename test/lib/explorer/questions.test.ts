// Every question of the explorer, asked of a year of history: what it answers to two values of each parameter, that what is
// typed wrongly is no error, and that no answer reaches the limit of rows.
import type Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chapters } from '../../../lib/explorer/files.ts';
import { rowsPerPage } from '../../../lib/explorer/question.ts';
import { safeSettings } from '../../../lib/explorer/settings.ts';
import { historyYear } from '../../support/history-year.ts';

const questions = chapters.flatMap((chapter) => chapter.questions);

type Given = Record<string, string>;
type Row = Record<string, unknown>;

/** Question, what it is told, and how many rows it answers with, or the first of them. */
const cases: [name: string, given: Given, answer: number | Row][] = [
  ['bad-now', {}, 3],
  ['bad-now', {}, { verdict: 'critical', check: 'disk-space', subject: '/' }],
  ['bad-now', { check: 'memory' }, { verdict: 'warning', subject: 'shop' }],
  ['bad-now', { check: 'load' }, 0],
  ['all-checks', {}, 20],
  ['all-checks', { check: 'wal' }, { check: 'wal', subject: '/', verdict: 'ok' }],
  ['all-checks', { check: 'load' }, 4],
  ['all-checks', { verdict: 'ok' }, 17],
  ['all-checks', { verdict: 'unknown' }, { check: 'temperature', subject: '/srv' }],
  ['all-checks', { page: '1' }, 20],
  ['all-checks', { page: '2' }, 0],
  ['what-changed', {}, 3],
  ['what-changed', { days: '1' }, 0],
  ['what-changed', { days: '15' }, 9],
  ['what-changed', { check: 'memory' }, { before: 'ok', after: 'warning', subject: 'shop' }],
  ['what-changed', { check: 'wal' }, 0],
  ['what-changed', { subject: '/' }, { check: 'disk-space' }],
  ['what-changed', { subject: 'ctv' }, 0],
  ['what-changed', { page: '1' }, 3],
  ['what-changed', { page: '2' }, 0],
  ['how-a-check-went', {}, 0],
  ['how-a-check-went', { check: 'wal', days: '1' }, 92],
  ['how-a-check-went', { check: 'none', days: '1' }, 0],
  ['how-a-check-went', { check: 'wal', days: '2' }, 188],
  ['how-a-check-went', { check: 'wal', subject: 'shop' }, { subject: 'shop', value: 43 }],
  ['how-a-check-went', { check: 'wal', subject: '/' }, { subject: '/', value: 40 }],
  ['how-a-check-went', { check: 'wal', measure: 'value' }, rowsPerPage],
  ['how-a-check-went', { check: 'wal', measure: 'free_bytes' }, 0],
  ['how-a-check-went', { check: 'wal', page: '3' }, rowsPerPage],
  ['how-a-check-went', { check: 'wal', page: '4' }, 68],
  ['check-by-day', {}, 0],
  ['check-by-day', { check: 'wal', subject: 'ctv' }, { subject: 'ctv', lowest: 42 }],
  ['check-by-day', { check: 'load', subject: '/' }, { subject: '/', lowest: 40 }],
  ['check-by-day', { check: 'none' }, 0],
  ['check-by-day', { check: 'wal', measure: 'value' }, { subject: '/' }],
  ['check-by-day', { check: 'wal', measure: 'free_bytes' }, 0],
  ['check-by-day', { check: 'wal', days: '365' }, rowsPerPage],
  ['check-by-day', { check: 'wal', days: '365', page: '2' }, rowsPerPage],
  ['check-by-day', { check: 'wal', page: '3' }, 0],
  ['check-by-day', { check: 'wal', days: '1' }, { subject: '/' }],
  ['restless-checks', {}, { changes: 5, 'for the worse': 3 }],
  ['restless-checks', { days: '5' }, { changes: 1, 'for the worse': 1 }],
  ['restless-checks', { days: '1' }, 0],
  ['incidents-by-time', {}, 4],
  ['incidents-by-time', {}, { check: 'db-backup@ctv', ended: null, apps: 'ctv' }],
  ['incidents-by-time', { days: '1' }, 1],
  ['incidents-by-time', { days: '3' }, 2],
  ['incidents-by-time', { check: 'db-backup@shop' }, { hours: 24 }],
  ['incidents-by-time', { check: 'restore' }, 0],
  ['incidents-by-time', { page: '1' }, 4],
  ['incidents-by-time', { page: '2' }, 0],
  ['what-failed', {}, 3],
  ['what-failed', {}, { app: 'ctv', outcome: 'bad-news', 'exit code': 1, minutes: 12, run: 'night-ctv-1' }],
  ['what-failed', { days: '4' }, 2],
  ['what-failed', { days: '30' }, 5],
  ['what-failed', { app: 'ctv' }, 2],
  ['what-failed', { app: ' shop ' }, 1],
  ['what-failed', { page: '1' }, 3],
  ['what-failed', { page: '2' }, 0],
  ['nights', {}, 60],
  ['nights', { days: '2' }, 4],
  ['nights', { days: '365', page: '1' }, rowsPerPage],
  ['nights', { days: '365', page: '4' }, 130],
  [
    'nights',
    { app: 'shop' },
    { app: 'shop', minutes: 12, 'backups, MB': 50, 'sent, MB': 11, outcome: 'done' },
  ],
  ['nights', { app: 'ctv' }, { app: 'ctv', minutes: 12, 'backups, MB': 1400, 'sent, MB': 310 }],
  [
    'slow-nights',
    {},
    { app: 'ctv', minutes: 48, 'usual minutes': 12, 'times as long': 4, run: 'night-ctv-10' },
  ],
  ['slow-nights', { times: '3.9' }, 1],
  ['slow-nights', { times: '4.1' }, 0],
  ['slow-nights', { days: '5' }, 0],
  ['slow-nights', { days: '20' }, 1],
  ['slow-nights', { app: 'ctv' }, 1],
  ['slow-nights', { app: 'shop' }, 0],
  ['slow-nights', { page: '1' }, 1],
  ['slow-nights', { page: '2' }, 0],
  ['last-runs', {}, 6],
  ['last-runs', {}, { app: 'ctv', command: 'restore run', outcome: 'running' }],
  ['last-runs', { app: 'ctv' }, 3],
  ['last-runs', { app: 'shop' }, { app: 'shop', command: 'db-backup run', outcome: 'done', 'exit code': 0 }],
  ['last-runs', { job: 'restore' }, 3],
  ['last-runs', { job: 'db-export-json' }, 1],
  ['last-runs', { page: '1' }, 6],
  ['last-runs', { page: '2' }, 0],
  ['overdue', {}, { app: 'shop', command: 'db-export-json run', 'usual hours between': 24 }],
  ['overdue', {}, 1],
  ['overdue', { times: '8' }, 1],
  ['overdue', { times: '10' }, 0],
  ['overdue', { app: 'shop' }, 1],
  ['overdue', { app: 'ctv' }, 0],
  ['running-now', {}, { app: 'ctv', command: 'restore run', pid: 4711 }],
  ['running-now', { app: 'ctv' }, 1],
  ['running-now', { app: 'shop' }, 0],
  ['one-run', {}, { run: 'restore-now' }],
  ['one-run', { run: 'night-ctv-0' }, 2],
  ['one-run', { run: 'drill-shop-17' }, { name: 'restore drill', result: 'bad-news', detail: 'exit code 1' }],
  ['one-run', { run: 'none' }, 0],
  ['protection', {}, 3],
  [
    'protection',
    { app: 'till' },
    { proven: 17, 'hours ago': 2, 'protected until': expect.stringMatching(/:\d\d$/) as string },
  ],
  ['restore-needs', {}, { app: 'till', kind: 'increment of level 2', 'took, MB': 1, 'a restore reads': 3 }],
  [
    'restore-needs',
    {},
    {
      'of MB': 261,
      full: 'backups/till/till-full.pages',
      'still the same': expect.stringMatching(/^20/) as string,
    },
  ],
  ['restore-needs', {}, 12],
  ['restore-needs', { days: '20' }, 15],
  ['restore-needs', { days: '90' }, 17],
  ['restore-needs', { app: 'till', days: '1' }, 6],
  ['restore-needs', { app: 'ctv' }, 0],
  ['restore-needs', { page: '1' }, 12],
  ['restore-needs', { page: '2' }, 0],
  ['fulls', {}, { app: 'till', increments: 14, 'increments, MB': 95, 'of the full, %': 38, 'took, MB': 250 }],
  ['fulls', { app: 'till' }, 2],
  ['fulls', { app: 'ctv' }, 0],
  ['fulls', { page: '1' }, { name: 'backups/till/till-full.pages' }],
  ['fulls', { page: '2' }, 0],
  ['cost-by-day', { app: 'till' }, { 'database, MB': 1000, fulls: 0 }],
  ['cost-by-day', { app: 'shop' }, { 'added, MB': 50, 'database, MB': 50, backups: 1 }],
  ['cost-by-day', { days: '365' }, rowsPerPage],
  ['cost-by-day', { days: '365', page: '2' }, rowsPerPage],
  ['cost-by-day', { days: '1', app: 'ctv' }, 1],
  ['cost-by-day', { page: '9' }, 0],
  ['protection', { app: 'ctv' }, { app: 'ctv', proven: 363, suspect: 1, damaged: 0, 'hours ago': 1 }],
  ['protection', { app: 'shop' }, { app: 'shop', proven: 363, suspect: 0 }],
  ['held-now', {}, 4],
  ['held-now', {}, { reason: 'mass-deletion', changes: 900, day: null, replica: 'reports' }],
  [
    'held-now',
    { reason: 'frozen-day' },
    { day: '2026-11-20', 'what helps': 'delta-receive reopen 2026-11-20 --replica reports' },
  ],
  ['held-now', { day: '2026-11-19' }, 1],
  ['held-now', { source: 'laptop-2' }, { table: 'DAY' }],
  ['held-now', { replica: 'other' }, 0],
  ['held-now', { page: '1' }, 4],
  ['held-now', { page: '2' }, 0],
  ['held-for-frozen-days', {}, { day: '2026-11-20', changes: 5 }],
  ['held-for-frozen-days', {}, 2],
  ['held-for-frozen-days', { source: 'laptop-2' }, 1],
  ['held-for-frozen-days', { replica: 'other' }, 0],
  ['held-for-frozen-days', { page: '2' }, 0],
  ['silent-sources', {}, { source: 'laptop-3', 'heard of': null, batches: 40 }],
  ['silent-sources', { hours: '24' }, 2],
  ['silent-sources', { hours: '0' }, 3],
  ['silent-sources', { replica: 'other' }, 0],
  ['silent-sources', { page: '2' }, 0],
  ['batches-refused', {}, { why: 'it is at batch 8', direction: 'received', outcome: 'refused' }],
  ['batches-refused', {}, 1],
  ['batches-refused', { days: '60' }, 2],
  ['batches-refused', { source: 'laptop-1' }, 0],
  ['batches-refused', { page: '2' }, 0],
  [
    'rows-by-day',
    { source: 'laptop-1' },
    { source: 'laptop-1', batches: 1, rows: 40, deletions: 2, held: 1, MB: 2 },
  ],
  ['rows-by-day', { source: 'laptop-1' }, 30],
  ['rows-by-day', { days: '5' }, 7],
  ['rows-by-day', { direction: 'sent' }, { source: 'ctv' }],
  ['rows-by-day', { page: '2' }, 0],
  ['held-now', { replica: 'reports' }, 4],
  ['held-now', { source: 'laptop-1' }, 3],
  ['held-now', { reason: 'clock' }, 0],
  ['held-now', { day: '2026-11-20' }, 2],
  ['held-for-frozen-days', { replica: 'reports' }, 2],
  ['held-for-frozen-days', { source: 'laptop-1' }, { day: '2026-11-20', changes: 3 }],
  ['held-for-frozen-days', { page: '1' }, 2],
  ['silent-sources', { replica: 'reports' }, 3],
  ['silent-sources', { page: '1' }, 3],
  ['batches-refused', { days: '1' }, 0],
  ['batches-refused', { source: 'laptop-2' }, 1],
  ['batches-refused', { page: '1' }, 1],
  ['rows-by-day', { days: '1' }, { day: expect.any(String) as string }],
  ['rows-by-day', { source: 'laptop-2' }, { source: 'laptop-2', 'not taken': 1 }],
  ['rows-by-day', { direction: 'received' }, { source: 'laptop-1' }],
  ['rows-by-day', { page: '1' }, { source: 'laptop-1' }],
  ['backups-made', {}, rowsPerPage],
  ['backups-made', { page: '4' }, 143],
  ['backups-made', { page: '5' }, 0],
  ['backups-made', { state: 'suspect' }, { app: 'ctv', state: 'suspect', MB: 1399, run: 'night-ctv-1' }],
  ['backups-made', { state: 'all', page: '4' }, 144],
  ['backups-made', { state: 'damaged' }, 0],
  ['backups-made', { app: 'ctv' }, { app: 'ctv', MB: 1400, state: 'proven' }],
  ['backups-made', { app: 'shop', page: '2' }, 163],
  ['backup-size', {}, 194],
  ['backup-size', {}, { app: 'shop', MB: 50, 'grown by, MB': 0.1, 'grown by, %': 0.2 }],
  ['backup-size', { days: '5' }, 19],
  ['backup-size', { days: '365' }, rowsPerPage],
  ['backup-size', { app: 'ctv' }, { app: 'ctv', MB: 1400, 'grown by, MB': 1, 'grown by, %': 0.1 }],
  ['backup-size', { app: 'shop' }, 88],
  ['backup-size', { page: '1' }, 194],
  ['backup-size', { page: '2' }, 0],
  ['size-by-month', { app: 'ctv' }, { app: 'ctv', 'largest, MB': 1400 }],
  ['size-by-month', { app: 'shop' }, { app: 'shop', 'largest, MB': 50 }],
  ['size-by-month', { page: '1' }, { app: 'ctv' }],
  ['size-by-month', { page: '2' }, 0],
  ['drills-held', {}, 26],
  [
    'drills-held',
    { outcome: 'failed' },
    { app: 'shop', backup: 'backups/shop/shop-17.db', run: 'drill-shop-17' },
  ],
  ['drills-held', { outcome: 'passed' }, 25],
  ['drills-held', { days: '10' }, 3],
  ['drills-held', { days: '365' }, 104],
  ['drills-held', { app: 'ctv' }, { app: 'ctv', outcome: 'passed' }],
  ['drills-held', { app: 'shop' }, { app: 'shop', outcome: 'passed' }],
  ['drills-held', { page: '1' }, 26],
  ['drills-held', { page: '2' }, 0],
  ['alerts-sent', {}, 6],
  ['alerts-sent', { days: '4' }, 4],
  ['alerts-sent', { days: '60' }, 9],
  ['alerts-sent', { outcome: 'refused' }, { channel: 'slack', 'why refused': 'answered 404' }],
  ['alerts-sent', { outcome: 'delivered' }, 5],
  ['alerts-sent', { channel: 'ntfy' }, { checks: 'db-backup@ctv', outcome: 'delivered' }],
  ['alerts-sent', { channel: 'slack' }, 3],
  ['alerts-sent', { page: '1' }, 6],
  ['alerts-sent', { page: '2' }, 0],
  ['alerts-by-check', {}, 2],
  ['alerts-by-check', { days: '4' }, { checks: 'db-backup@ctv', messages: 4, refused: 1 }],
  ['alerts-by-check', { days: '60' }, 3],
];

let database: Database.Database;

beforeAll(() => {
  database = historyYear(new Date());
});
afterAll(() => void database.close());

const asked = new Map<string, Row[]>();

/** As Datasette asks: every parameter is there, and empty where nothing was typed. Each is asked once. */
function ask(name: string, given: Given): Row[] {
  const key = JSON.stringify([name, given]);
  const rows = asked.get(key) ?? answerTo(name, given);
  asked.set(key, rows);
  return rows;
}

function answerTo(name: string, given: Given): Row[] {
  const question = questions.find((each) => each.name === name);
  if (question === undefined) throw new Error(`there is no question ${name}`);
  const { parameters, sql } = question;
  const all = Object.fromEntries(parameters.map((each) => [each.name, given[each.name] ?? '']));
  return database.prepare(sql).all(all) as Row[];
}

test.each(cases)('%s told %j', (name, given, answer) => {
  const rows = ask(name, given);
  if (typeof answer === 'number') expect(rows).toHaveLength(answer);
  else expect(rows[0]).toMatchObject(answer);
});

describe('every question', () => {
  test('is asked above with two values of each parameter, which matter', () => {
    const lacking = questions.flatMap(({ name, parameters }) =>
      parameters
        .filter(({ name: parameter }) => {
          const told = cases.filter(
            ([question, given]) => question === name && given[parameter] !== undefined,
          );
          const values = new Set(told.map(([, given]) => given[parameter]));
          const answers = new Set(told.map(([, given]) => JSON.stringify(ask(name, given))));
          return values.size < 2 || answers.size < 2;
        })
        .map((parameter) => `${name}: ${parameter.name}`),
    );
    expect(lacking).toEqual([]);
  });

  test.each(questions.map((question) => question.name))('%s takes what is typed wrongly', (name) => {
    const parameters = questions.find((each) => each.name === name)?.parameters ?? [];
    for (const { name: parameter } of parameters)
      for (const odd of [
        'abc',
        '-5',
        '1e99',
        '0',
        '9'.repeat(400),
        `'; DROP TABLE runs; --`,
        '\0',
        '💾',
        '%',
      ])
        expect(() => ask(name, { [parameter]: odd })).not.toThrow();
  });

  test('answers with no more rows than are shown, however far back it looks', () => {
    expect(rowsPerPage).toBeLessThan(safeSettings.max_returned_rows);
    for (const { name } of questions)
      for (const check of ['', 'wal'])
        expect(ask(name, { days: '9999', check, state: 'all', times: '1' }).length).toBeLessThanOrEqual(
          rowsPerPage,
        );
  });

  test('has a name of its own, and is no table', () => {
    const names = questions.map(({ name }) => name);
    const tables = database.prepare(`SELECT name FROM sqlite_master`).pluck().all();
    expect(new Set([...names, ...tables]).size).toBe(names.length + tables.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

// The one JSON object: keys and values that scripts can rely on.
import { expect, test } from 'vitest';
import { renderers, toJson } from '../../../lib/run/report.ts';

test('keys are snake_case, instants ISO 8601, what is undefined is left out', () => {
  expect(
    toJson({
      takenAt: new Date('2026-11-20T02:05:13Z'),
      sizeBytes: 10n,
      nothing: undefined,
      list: [{ aB: null }],
      sha256: 'x',
    }),
  ).toEqual({ taken_at: '2026-11-20T02:05:13.000Z', size_bytes: 10, list: [{ a_b: null }], sha256: 'x' });
});

const named = { job: 'db-backup', command: 'backup', traffic: undefined };
const ended = { ...named, runId: 'id', verdict: 'ok', findings: [], lines: [] } as const;

test('a table called __proto__ is a value like any other', () => {
  const result = { tables: [{ name: '__proto__', rows: 1 }] };
  expect(JSON.parse(renderers.json.ended({ ...ended, result }))).toEqual({
    ok: true,
    verdict: 'ok',
    job: 'db-backup',
    command: 'backup',
    run_id: 'id',
    result: { tables: [{ name: '__proto__', rows: 1 }] },
    findings: [],
  });
});

test('bad news is not ok, and its findings are there as data', () => {
  const finding = { subject: 'ctv', severity: 'warning', message: 'm', hint: 'h', kind: 'busy' } as const;
  const report = { ...ended, verdict: 'warning', findings: [finding], result: {} } as const;
  expect(JSON.parse(renderers.json.ended(report))).toMatchObject({
    ok: false,
    verdict: 'warning',
    findings: [{ subject: 'ctv', severity: 'warning', message: 'm', hint: 'h', kind: 'busy' }],
  });
});

test('a failure has kind, message, hint and exit code', () => {
  const error = { kind: 'busy', message: 'm', hint: 'h', exitCode: 75 } as const;
  expect(JSON.parse(renderers.json.failed({ ...named, error }))).toEqual({
    ok: false,
    job: 'db-backup',
    command: 'backup',
    error: { kind: 'busy', message: 'm', hint: 'h', exit_code: 75 },
  });
});

test('people read the lines of a result, and of a failure nothing more than the log has told', () => {
  expect(renderers.text.ended({ ...ended, result: {}, lines: ['one', 'two'] })).toBe('one\ntwo\n');
  expect(
    renderers.text.failed({ ...named, error: { kind: 'bug', message: 'm', hint: undefined, exitCode: 70 } }),
  ).toBe('');
});

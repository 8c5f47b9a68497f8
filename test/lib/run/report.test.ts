// The one JSON object: keys and values that scripts can rely on.
import { expect, test } from 'vitest';
import { failureJson, successJson, toJson } from '../../../lib/run/report.ts';

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

test('a table called __proto__ is a value like any other', () => {
  const text = successJson('db-backup', 'backup', 'id', false, { tables: [{ name: '__proto__', rows: 1 }] });
  expect(JSON.parse(text)).toEqual({
    ok: true,
    job: 'db-backup',
    command: 'backup',
    run_id: 'id',
    result: { tables: [{ name: '__proto__', rows: 1 }] },
  });
});

test('bad news is not ok, and a failure has kind, message, hint and exit code', () => {
  expect(JSON.parse(successJson('a', 'b', 'c', true, {}))).toMatchObject({ ok: false });
  expect(JSON.parse(failureJson('a', 'b', { kind: 'busy', message: 'm', hint: 'h', exitCode: 75 }))).toEqual({
    ok: false,
    job: 'a',
    command: 'b',
    error: { kind: 'busy', message: 'm', hint: 'h', exit_code: 75 },
  });
});

// What is made of who is connected to PostgreSQL: by the connections that an app can really have, and by who was refused.
import { describe, expect, test } from 'vitest';
import type { PostgresConnections, PostgresFacts, PostgresRefusal } from '../../../lib/health/postgres.ts';
import { postgresConnectionsCheck } from '../../../lib/health/postgres-connections.ts';
import { someLook } from '../../support/postgres-look.ts';

const { limits } = postgresConnectionsCheck;

function judge(found: PostgresFacts, { warning, critical } = limits) {
  const view = {
    subject: 'traitortrack',
    limits: { warning, critical },
    now: new Date(0),
    earlier: [],
    timeZone: 'UTC',
  };
  return postgresConnectionsCheck.judge({ found, role: 'app', whoHint: 'who has them: psql' }, view);
}

function connected(more: Partial<PostgresConnections>) {
  return judge({ look: someLook({ connections: more }) });
}

const app = { isSuperuser: false, mayUseReserved: false, limit: -1 };

/** Of 103 with 3 for superusers an app can have 100, whoever has them. */
const steps: [all: number, ofRole: number, verdict: string, percent: number][] = [
  [0, 0, 'ok', 0],
  [69, 69, 'ok', 69],
  [70, 70, 'warning', 70],
  [70, 0, 'warning', 70],
  [84, 30, 'warning', 84],
  [85, 30, 'critical', 85],
  [94, 94, 'critical', 94],
  [95, 94, 'critical', 95],
  [100, 100, 'critical', 100],
  [103, 100, 'critical', 100],
];

test.each(steps)('%i connections of 100, %i by the app: %s at %i%', (all, ofRole, verdict, percent) => {
  const found = connected({ max: 103, reservedForSuperusers: 3, all, ofRole });
  expect(found).toMatchObject({ verdict, value: percent });
  expect(found.message).toContain(`${percent}% of the connections of the server taken, ${all} of 100`);
  expect(found.message).toContain(`${ofRole} by app, ${all - ofRole} by others`);
  expect(found.hint === undefined).toBe(verdict === 'ok');
  expect(found.message.startsWith('nearly nobody else gets in: ')).toBe(percent >= 95 && percent < 100);
  expect(found.message.startsWith('nobody else gets in: ')).toBe(percent === 100);
});

describe('what an app can have', () => {
  const cases: [what: string, connections: Partial<PostgresConnections>, taken: string][] = [
    ['less what is reserved', { max: 30, reservedForSuperusers: 3, reserved: 7, all: 10 }, '10 of 20'],
    [
      'with what is reserved, for who may use it',
      { max: 30, reservedForSuperusers: 3, reserved: 7, all: 10, role: { ...app, mayUseReserved: true } },
      '10 of 27',
    ],
    [
      'all of it, for a superuser, whose limits do not count',
      {
        max: 30,
        all: 10,
        ofRole: 5,
        databaseLimit: 10,
        ofDatabase: 9,
        role: { ...app, isSuperuser: true, limit: 5 },
      },
      '10 of 30',
    ],
    ['what its role may have', { max: 103, all: 10, ofRole: 4, role: { ...app, limit: 5 } }, '4 of 5'],
    ['what its database may have', { max: 103, all: 10, ofDatabase: 9, databaseLimit: 10 }, '9 of 10'],
    [
      'the narrower of both',
      { max: 103, all: 10, ofRole: 4, ofDatabase: 9, databaseLimit: 10, role: { ...app, limit: 5 } },
      '9 of 10',
    ],
    [
      'the narrower of both, turned round',
      { max: 103, all: 10, ofRole: 5, ofDatabase: 9, databaseLimit: 10, role: { ...app, limit: 5 } },
      '5 of 5',
    ],
    [
      'that of the server, where its own are wider',
      { max: 13, all: 9, ofRole: 1, ofDatabase: 1, databaseLimit: 10, role: { ...app, limit: 50 } },
      '9 of 10',
    ],
    ['nothing, where its role may have none', { max: 103, all: 0, role: { ...app, limit: 0 } }, '0 of 0'],
    ['nothing, where all is reserved', { max: 3, all: 0 }, '0 of 0'],
  ];
  test.each(cases)('%s', (_, connections, taken) => {
    expect(connected(connections).message).toContain(`taken, ${taken}`);
  });

  test('nothing is full', () => {
    expect(connected({ max: 103, role: { ...app, limit: 0 } })).toMatchObject({
      verdict: 'critical',
      value: 100,
    });
  });
});

test('the limits of the operator count', () => {
  const found = { look: someLook({ connections: { max: 103, all: 50 } }) };
  expect(judge(found, { warning: 50, critical: 60 }).verdict).toBe('warning');
  expect(judge(found, { warning: 40, critical: 50 }).verdict).toBe('critical');
  expect(judge(found, { warning: 51, critical: 60 }).verdict).toBe('ok');
});

test('a transaction that is open and idle for long is said, beside what is measured', () => {
  const found = connected({ all: 1, idleInTransactionMs: 2 * 3_600_000, longestQueryMs: 61_400, hidden: 1 });
  expect(found.message).toMatch(
    /; one idle in a transaction for 2 h; what 1 session does is hidden from us$/,
  );
  expect(found.measures).toMatchObject({
    idle_in_transaction_seconds: 7200,
    longest_query_seconds: 61,
    hidden_connections: 1,
  });
  expect(connected({ idleInTransactionMs: 299_999 }).message).not.toContain('idle');
});

test('a role that the server does not have', () => {
  expect(connected({ role: undefined })).toMatchObject({
    verdict: 'unknown',
    message: expect.stringContaining('no role app'),
  });
});

/** Where the app cannot work either it is critical, where it is only we who are not taken nobody knows. */
const refused: [refusal: Partial<PostgresRefusal>, verdict: string, value: number | undefined][] = [
  [{ kind: 'full', full: 'server' }, 'critical', 100],
  [{ kind: 'full', full: 'server', isOwnRole: false }, 'critical', 100],
  [{ kind: 'full', full: 'database', isOwnRole: false }, 'critical', 100],
  [{ kind: 'full', full: 'role' }, 'critical', 100],
  [{ kind: 'full', full: 'role', isOwnRole: false }, 'unknown', undefined],
  [{ kind: 'down' }, 'critical', undefined],
  [{ kind: 'starting' }, 'critical', undefined],
  [{ kind: 'silent' }, 'critical', undefined],
  [{ kind: 'failing' }, 'critical', undefined],
  [{ kind: 'denied' }, 'unknown', undefined],
  [{ kind: 'tls' }, 'unknown', undefined],
  [{ kind: 'unclear' }, 'unknown', undefined],
];

test.each(refused)('%j is %s', (refusal, verdict, value) => {
  const found = judge({ refusal: { kind: 'down', isOwnRole: true, message: 'why', hint: 'do', ...refusal } });
  expect(found).toMatchObject({ verdict, hint: 'do' });
  expect(found.value).toBe(value);
  expect(found.message).toContain('why');
  expect(found.patience).toBe(value === 100 ? 1 : undefined);
});

// health-check of an app with PostgreSQL of which nothing is set but DATABASE_URL; its password is nowhere but there.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dbBackup } from '../../../jobs/db-backup.ts';
import { healthCheck } from '../../../jobs/health-check.ts';
import { fixedClock } from '../../support/fixed-clock.ts';
import { runInProcess } from '../../support/in-process.ts';
import { PostgresStandIn, refusing } from '../../support/postgres-stand-in.ts';
import { scratch } from '../../support/scratch.ts';

const password = 'hunter2-of-the-app';

test.each([
  ['full', { C: '53300', M: 'sorry, too many clients already' }, 'critical', '100% taken, nobody gets in'],
  [
    'closed to us',
    { C: '28P01', M: 'password authentication failed for user "app"' },
    'unknown',
    'it refuses the password of app',
  ],
  ['starting', { C: '57P03', M: 'the database system is starting up' }, 'critical', 'takes nobody'],
])('a server that is %s', async (_, fields, verdict, words) => {
  await using server = await PostgresStandIn.listen(refusing(fields));
  const home = scratch();
  const environment = {
    DATABASE_URL: `postgresql+psycopg2://app:${password}@127.0.0.1:${server.port}/bags?sslmode=disable`,
    ...{
      HOLDFAST_STATE: join(home, 'state'),
      HOLDFAST_RUN: join(home, 'run'),
      HOLDFAST_STORE: join(home, 'store'),
    },
    ...{ NTFY_TOPIC: 'bags', HOLDFAST_CONFIG: '' },
  };
  const clock = fixedClock();
  const type = (...args: string[]) => runInProcess(healthCheck, args, { environment, clock });
  const runs = [
    await type('run', '--json'),
    await type('run', '--json'),
    await type('status'),
    await type('list'),
  ];
  const { checks } = (JSON.parse(runs[1]?.stdout ?? '') as { result: { checks: Record<string, unknown>[] } })
    .result;
  const ours = checks.filter(({ check }) => String(check).startsWith('postgres-'));
  expect(ours).toMatchObject([
    {
      check: 'postgres-connections',
      subject: 'bags',
      verdict,
      message: expect.stringContaining(words),
    },
    { check: 'postgres-size', verdict: 'unknown', hidden_by: 'postgres-connections of bags' },
    { check: 'postgres-errors', verdict: 'unknown', hidden_by: 'postgres-connections of bags' },
  ]);
  // One connection a run, whatever asks.
  expect(server.connections).toBe(2);
  const written = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
  expect(written.join('')).toContain('postgres-connections');
  for (const text of [...runs.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...written])
    expect(text).not.toContain(password);
  // For what needs a database of ours it is none.
  const backup = await runInProcess(dbBackup, ['run'], { environment, clock });
  expect(backup).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('DATABASE_PATH is not set') });
  expect(backup.stderr).toContain('postgres_url_file in [apps.<name>]');
});

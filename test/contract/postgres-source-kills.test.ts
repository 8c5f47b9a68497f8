// A dump or a proof whose process is killed at one of its steps: what it leaves on a real server harms nobody, ends by itself or goes
// with the next run.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OpsError } from '../../lib/base/errors.ts';
import { postgresSource } from '../../lib/postgres/backup/postgres-source.ts';
import { runCommand } from '../../lib/process/run-command.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { scratch } from '../support/scratch.ts';

const program = join(import.meta.dirname, '../fixtures/back-up-postgres.ts');
const name = 'app';

/** Each changes what is on the server or is held there, or stands for its kind. */
const steps = [
  'select pg_export_snapshot',
  'pg_dump --format',
  'select pg_catalog.count(*)',
  'commit',
  'pg_restore --create',
  'select pg_try_advisory_lock',
  'create database',
  'revoke connect',
  'pg_restore --dbname',
  'grant connect',
  'ALTER DATABASE "holdfast_proof_app" IS_TEMPLATE',
  'the last select pg_catalog.count(*)',
  'the last commit',
  'the last drop database',
];

describe.skipIf(postgresPrograms() === undefined)('a backup of PostgreSQL that is killed', () => {
  let server: PostgresServer;
  let trace: string[];

  beforeAll(async () => {
    server = await PostgresServer.make();
    await server.sql('create role app login createdb');
    await server.sql(`create database ${name} owner app is_template true`);
    await server.sql(content, name);
    trace = start(server.directory).stdout.split('\n').filter(Boolean);
  });
  afterAll(async () => {
    await server.sql(`alter database ${name} is_template false`);
    await server[Symbol.asyncDispose]();
  });

  /** All of it, or until the step. */
  function start(directory: string, step?: number) {
    const where = [server.directory, String(server.port), 'app', name, join(directory, 'dump')];
    const args = [program, ...where, 'copy,measure', ...(step === undefined ? [] : [String(step)])];
    // While it runs nothing else here does, not even the limit of the test.
    return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 100_000 });
  }

  const source = () =>
    postgresSource({
      run: runCommand,
      readTarget: () => ({
        ...{ host: server.directory, port: server.port, user: 'app', database: name },
        ...{ sslmode: 'prefer', rootCertificate: undefined, readPassword: () => undefined },
      }),
    });

  test.each(steps)('at "%s"', async (called) => {
    const wanted = called.replace('the last ', '');
    const isWanted = (step: string) => step.startsWith(wanted);
    const index = called === wanted ? trace.findIndex(isWanted) : trace.findLastIndex(isWanted);
    expect(index).not.toBe(-1);
    expect(start(scratch(), index + 1).signal).toBe('SIGKILL');
    // Nobody is kept from the app's tables, and the next run succeeds, whatever the dead one has left running.
    await server.sql(`set lock_timeout = '20s'; insert into bag default values; truncate bag`, name);
    const path = join(scratch(), 'dump');
    const report = await source().copy(await source().look(), path, { now: new Date() });
    const { facts, integrity } = await whenFree(() => source().measure(path));
    expect(integrity.problems).toEqual([]);
    expect(report.disagreements?.(facts)).toEqual([]);
    expect(await server.sql(`select datname from pg_database where datname ~ '^holdfast'`)).toEqual([]);
    while ((await server.sql(ours)).length > 0); // each ends by itself
  });
});

const ours = `select pid from pg_stat_activity where application_name = 'holdfast backup'`;

/** The server drops the lock of a process when it notices that it is dead. */
async function whenFree<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OpsError && error.kind === 'busy')) throw error;
    }
  }
}

const content = `set role app;
create table bag (id serial primary key); create table scan (n int, w text); create index on scan (w);
insert into scan select i, md5(i::text) from generate_series(1, 3000) i;`;

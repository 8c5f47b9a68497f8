// PostgreSQL databases held to the contract of sources, as files are.
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { postgresSource } from '../../lib/postgres/backup/postgres-source.ts';
import { runCommand } from '../../lib/process/run-command.ts';
import type { Source } from '../../lib/source/source.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { scratch } from '../support/scratch.ts';
import { sourceSuite } from './source-suite.ts';
import type { BusyApp, PatientApp, SourceKind, SourceWorld } from './source-world.ts';

describe.skipIf(postgresPrograms() === undefined)('as a source', () => {
  let server: PostgresServer;
  let databases = 0;
  beforeAll(async () => {
    server = await PostgresServer.make();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const sourceIn = (database: string): Source =>
    postgresSource({ readTarget: () => server.target(database), run: runCommand });

  /** All names have one length: it is in the dump. */
  async function makeDatabase(): Promise<string> {
    databases += 1;
    const name = `app_${String(databases).padStart(3, '0')}`;
    await server.sql(`create database ${name}`);
    onTestFinished(
      () => void server.sql(`drop database if exists ${name} with (force)`).catch(() => undefined),
    );
    return name;
  }

  async function fromFile(path: string): Promise<string> {
    const name = await makeDatabase();
    const where = ['-h', server.directory, '-p', String(server.port), '-U', 'postgres', '-d', name];
    await runCommand(join(postgresPrograms() ?? '', 'pg_restore'), [...where, path]);
    return name;
  }

  /** Commits are numbered, and each is a row in both of its tables. */
  const commit = (n: number) => `insert into entry values (${n}); insert into receipt values (${n})`;

  async function open(sizeBytes = 0): Promise<SourceWorld> {
    const name = await makeDatabase();
    await server.sql(
      `create table entry (n int primary key); create table receipt (n int primary key); create table cash (id int, paper text);
      insert into cash select n, repeat(md5(n::text), 30) from generate_series(1, ${Math.ceil(sizeBytes / 1000)} + 1) n`,
      name,
    );
    return {
      source: sourceIn(name),
      directory: scratch(),
      startBusyApp: async () => busyApp(await server.connect({ database: name })),
      startPatientApp: async () => patientApp(name),
      async newestIn(file) {
        const [found] = await server.sql(
          'select (select coalesce(max(n), 0) from entry) as entries, (select count(*)::int from receipt) as receipts',
          await fromFile(file),
        );
        if (found?.entries !== found?.receipts) throw new Error('that is no committed state');
        return Number(found?.entries);
      },
      sourceOf: async (file) => (isThere(file) ? sourceIn(await fromFile(file)) : sourceIn('not_there')),
      async exchange() {
        await server.sql(`alter database ${name} rename to ${name}_before`);
        await server.sql(`create database ${name} template ${name}_before`);
      },
    };
  }

  async function patientApp(database: string): Promise<PatientApp> {
    const [app, other] = [await server.connect({ database }), await server.connect({ database })];
    let n = 0;
    return {
      // The next question waits for it.
      commit: () => void app.query(`begin; ${commit((n += 1))}; commit`),
      begin: () => void other.query(`begin; ${commit(1000)}`),
    };
  }

  const kind: SourceKind = {
    isFile: false,
    open,
    unusable: [{ what: 'nothing', kind: 'missing', make: () => undefined }],
    damages: [
      { what: 'is cut inside its last block', damage: (file) => truncateSync(file, statSync(file).size - 7) },
      {
        what: 'lacks its last third',
        damage: (file) => truncateSync(file, Math.floor(statSync(file).size * 0.66)),
      },
      { what: 'has another beginning', damage: (file) => overwrite(file, 0, 'no archive') },
      { what: 'has rubbish in its contents', damage: (file) => overwrite(file, 300, '?'.repeat(400)) },
      {
        what: 'has rubbish in its rows',
        damage: (file) => overwrite(file, statSync(file).size - 3000, '?'.repeat(500)),
      },
    ],
  };

  sourceSuite('PostgreSQL', kind);
});

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function overwrite(file: string, at: number, text: string): void {
  const bytes = readFileSync(file);
  bytes.write(text, at);
  writeFileSync(file, bytes);
}

function busyApp(client: pg.Client): BusyApp {
  let newest = 0;
  let isOver = false;
  const turn = async (): Promise<void> => {
    const next = newest + 1;
    await client.query(
      `begin; insert into entry values (${next}); insert into receipt values (${next}); commit`,
    );
    newest = next;
  };
  const work = (async () => {
    while (!isOver) await turn();
  })().catch(() => undefined);
  onTestFinished(async () => {
    isOver = true;
    await work;
  });
  return {
    newest: () => Promise.resolve(newest),
    async advance() {
      const after = newest + 1;
      while (newest <= after) await new Promise((done) => setImmediate(done));
    },
    async kill() {
      isOver = true;
      await work;
    },
  };
}

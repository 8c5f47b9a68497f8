// The repository contract with backups of PostgreSQL: dumps, proven on a real server.
import { afterAll, beforeAll, describe } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '../../lib/base/log.ts';
import { postgresSource } from '../../lib/postgres/backup/postgres-source.ts';
import { runCommand } from '../../lib/process/run-command.ts';
import { type MemoryObject, memoryStore } from '../../lib/store/memory.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { scratch } from '../support/scratch.ts';
import { opened, plain } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import { useKind } from './repository-world.ts';

describe.skipIf(postgresPrograms() === undefined)('with dumps', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.make();
    const source = (database: string) =>
      postgresSource({ readTarget: () => server.target(database), run: runCommand });
    useKind({
      source: source('postgres'),
      async make(rows) {
        const database = `ledger_${rows}`;
        await server.sql(`create database ${database}`);
        const filling = `insert into ledger select n, 'paid ' || md5(n::text) from generate_series(1, ${rows}) n`;
        await server.sql(`create table ledger (id int primary key, note text); ${filling}`, database);
        const path = join(scratch(), 'template.dump');
        const of = source(database);
        await of.copy(await of.look(), path, { now: new Date() });
        return { bytes: readFileSync(path), facts: (await of.measure(path)).facts };
      },
      damage: (whole) => whole.fill('?', whole.length - 700, whole.length - 300),
    });
  });
  afterAll(async () => {
    useKind();
    await server[Symbol.asyncDispose]();
  });

  repositorySuite('plain in memory', plain, async () =>
    opened(
      memoryStore({
        ...{ clock: fixedClock(), log: silentLog, isRemote: true, tellsContentHash: true },
        objects: new Map<string, MemoryObject>(),
      }),
    ),
  );
});

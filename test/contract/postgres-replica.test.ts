// A replica in PostgreSQL, by the suite that holds all replicas; and what only a server can meet.
import { afterAll, beforeAll, describe } from 'vitest';
import { postgresPrograms, type PostgresServer } from '../support/postgres.ts';
import { openInPostgres, postgresForReplicas } from './postgres-world.ts';
import { serverTests } from './postgres-server.ts';
import { replicaSuite } from './replica-suite.ts';

describe.skipIf(postgresPrograms() === undefined)('PostgreSQL', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await postgresForReplicas();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  replicaSuite('postgres replica', (given) => openInPostgres(server, given));
  describe('what only a server can meet', () => serverTests(() => server));
});

// A PostgreSQL database, held to what a restore in place promises.
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { type PostgresServer, postgresPrograms } from '../support/postgres.ts';
import { PostgresWorld, serverWithApp } from '../support/postgres-world.ts';
import { type PlacementWorld, placementSuite } from './placement-suite.ts';

describe.skipIf(postgresPrograms() === undefined)('in place', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await serverWithApp();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  async function open(): Promise<PlacementWorld> {
    const typed = await PostgresWorld.make(server);
    const { name } = typed;
    onTestFinished(() => typed[Symbol.asyncDispose]());
    const countIn = async (database: string) =>
      (await server.sql('select count(*)::int as n from scan', database))[0]?.n as number;
    const databases = async () =>
      (
        await server.sql(
          `select datname from pg_database where datname ~ '^${name}' or datname ~ '^holdfast' order by 1`,
        )
      ).map(({ datname }) => String(datname));
    return {
      name: 'bags',
      typed,
      configure: (app) => typed.configureServer({ app }),
      count: async () => ((await databases()).includes(name) ? countIn(name) : undefined),
      change: async () => void (await typed.sql('delete from scan where id > 30')),
      lose: async () => void (await server.sql(`drop database ${name}`)),
      async hold() {
        const client = await server.connect({ database: name, application_name: 'gunicorn' });
        return { who: 'gunicorn of postgres', [Symbol.asyncDispose]: () => client.end() };
      },
      lying: databases,
      elsewhere: () => ({ to: `${name}_look`, count: () => countIn(`${name}_look`) }),
    };
  }

  placementSuite('PostgreSQL', { open });
});

// Replicas in schemas of one PostgreSQL server, for the tests of a file.
import { onTestFinished } from 'vitest';
import type { TableShape } from '../../lib/delta/shape.ts';
import type { PostgresTarget } from '../../lib/health/postgres-target.ts';
import { Mirror } from '../../lib/replica/postgres/mirror.ts';
import { openPostgresReplica } from '../../lib/replica/postgres/open.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { PostgresServer } from '../support/postgres.ts';
import { type OpenedReplica, policy } from './replica-world.ts';

const password = 'open-sesame';

export interface OpenedInPostgres extends OpenedReplica {
  readonly schema: string;
  readonly target: PostgresTarget;
}

export async function postgresForReplicas(): Promise<PostgresServer> {
  const server = await PostgresServer.make();
  await server.sql(`create role keeper login password '${password}'`);
  await server.sql('create role staff login');
  await server.sql('create database reports owner keeper');
  return server;
}

let made = 0;

/** The same as `OpenReplica`, of that server; `by` is how the replica reaches it. */
export async function openInPostgres(
  server: PostgresServer,
  given: Parameters<typeof policy>[0] = {},
  by: Partial<PostgresTarget> = {},
): Promise<OpenedInPostgres> {
  made += 1;
  const schema = `replica ${made}`;
  const clock = fixedClock('2026-11-27T12:00:00Z');
  const target = {
    ...{ host: server.directory, port: server.port, user: 'keeper', database: 'reports' },
    ...{ sslmode: 'prefer' as const, rootCertificate: undefined, readPassword: () => password },
    ...by,
  };
  const { signal } = new AbortController();
  const start = (as = policy(given)) => openPostgresReplica({ target, schema, policy: as, clock, signal });
  let replica = await start();
  onTestFinished(async () => {
    await replica.close();
    await server.disconnect();
  });
  const connect = async () => {
    const client = await server.connect({ user: 'keeper', database: 'reports' });
    await client.query(`set search_path = "${schema}"`);
    return client;
  };
  let other: ReturnType<typeof connect> | undefined;
  const client = () => (other ??= connect());
  return {
    replica,
    clock,
    schema,
    target,
    async reopen(as) {
      await replica.close();
      return (replica = await start(as));
    },
    async rows(shape) {
      const sql = 'select made from _holdfast_shape where table_name = $1';
      const found = await (await client()).query<{ made: string }>(sql, [shape.name]);
      const mirror = new Mirror(schema, JSON.parse(found.rows[0]?.made ?? '') as TableShape, shape);
      const { rows } = await (
        await client()
      ).query<(string | null)[]>({
        text: `select ${mirror.names()} from ${mirror.table} order by ${mirror.keyNames()}`,
        rowMode: 'array',
        types: { getTypeParser: () => (text: string) => text },
      });
      return rows.map((row) => mirror.decode(row));
    },
    async execute(sql) {
      await (await client()).query(sql);
    },
  };
}

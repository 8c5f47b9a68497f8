// A replica in PostgreSQL, by the suite that holds all replicas; and what only a server can meet.
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import type { TableShape } from '../../lib/delta/shape.ts';
import { openPostgresReplica } from '../../lib/replica/postgres/open.ts';
import { Mirror } from '../../lib/replica/postgres/mirror.ts';
import { fixedClock } from '../support/fixed-clock.ts';
import { postgresPrograms, PostgresServer } from '../support/postgres.ts';
import { type OpenReplica, policy } from './replica-world.ts';
import { replicaSuite } from './replica-suite.ts';

describe.skipIf(postgresPrograms() === undefined)('PostgreSQL', () => {
  let server: PostgresServer;
  let made = 0;

  beforeAll(async () => {
    server = await PostgresServer.make();
    await server.sql('create role keeper login');
    await server.sql('create database reports owner keeper');
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const open: OpenReplica = async (given) => {
    made += 1;
    const schema = `replica_${made}`;
    const clock = fixedClock('2026-11-27T12:00:00Z');
    const target = {
      ...{ host: server.directory, port: server.port, user: 'keeper', database: 'reports' },
      ...{ sslmode: 'prefer' as const, rootCertificate: undefined, readPassword: () => undefined },
    };
    const { signal } = new AbortController();
    const start = (as = policy(given)) => openPostgresReplica({ target, schema, policy: as, clock, signal });
    let replica = await start();
    const other = await server.connect({ user: 'keeper', database: 'reports' });
    await other.query(`set search_path = ${schema}`);
    onTestFinished(async () => {
      await replica.close();
      await other.end();
    });
    return {
      replica,
      clock,
      async reopen(as) {
        await replica.close();
        return (replica = await start(as));
      },
      async rows(shape) {
        const made = await other.query<{ made: string }>(
          'select made from _holdfast_shape where table_name = $1',
          [shape.name],
        );
        const mirror = new Mirror(schema, JSON.parse(made.rows[0]?.made ?? '') as TableShape, shape);
        const types = { getTypeParser: () => (text: string) => text };
        const { rows } = await other.query<(string | null)[]>({
          text: `select ${mirror.names()} from ${mirror.table} order by ${mirror.keyNames()}`,
          rowMode: 'array',
          types,
        });
        return rows.map((row) => mirror.decode(row));
      },
      async execute(sql) {
        await other.query(sql);
      },
    };
  };

  replicaSuite('postgres replica', open);
});

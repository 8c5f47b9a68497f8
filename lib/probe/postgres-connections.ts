// Measures who is connected to a PostgreSQL server.
import type { PostgresConnectionsFacts } from '../health/postgres-connections.ts';
import { ofServer, whoHasThem } from '../postgres/words.ts';
import { looked, watchedDatabases } from './postgres.ts';
import type { Probe } from './probe.ts';

export const postgresConnectionsProbe: Probe<PostgresConnectionsFacts> = {
  subjects: watchedDatabases,
  async measure(context, subject) {
    const { found, role, target } = await looked(context, subject);
    return { found, role, whoHint: `who has them: ${ofServer(target, whoHasThem)}` };
  },
};

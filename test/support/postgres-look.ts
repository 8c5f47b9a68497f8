// A look at a PostgreSQL server of which all is well, but for what a test says.
import type { PostgresConnections, PostgresCounters, PostgresLook } from '../../lib/health/postgres.ts';

/** When it was. */
export const lookedAt = Date.parse('2026-11-20T12:00:00Z');

export function someLook({
  connections = {},
  counters = {},
  ...more
}: {
  connections?: Partial<PostgresConnections>;
  counters?: Partial<PostgresCounters>;
  at?: number;
  startedAt?: number;
  sizeBytes?: number | undefined;
  frozenAge?: number;
} = {}): PostgresLook {
  return {
    at: lookedAt,
    startedAt: lookedAt - 30 * 86_400_000,
    frozenAge: 50,
    sizeBytes: 1_400_000_000,
    ...more,
    connections: {
      ...{ max: 103, reservedForSuperusers: 3, reserved: 0, databaseLimit: -1 },
      role: { isSuperuser: false, mayUseReserved: false, limit: -1 },
      ...{ all: 0, ofDatabase: 0, ofRole: 0, hidden: 0, idleInTransactionMs: 0, longestQueryMs: 0 },
      ...connections,
    },
    counters: {
      ...{ resetAt: undefined, commits: 1000, rollbacks: 10, deadlocks: 0, conflicts: 0, tempBytes: 0 },
      ...{ checksumFailures: 0, checksumFailedAt: undefined },
      ...counters,
    },
  };
}

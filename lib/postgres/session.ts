// One short connection to a PostgreSQL server: opened, asked in one read-only transaction, and closed on every path.
import type { PostgresTarget } from '../health/postgres-target.ts';
import { type Connection, reach } from './connection.ts';

/** Asks one question; the rows of its answer. */
export type Ask = Connection['ask'];

/** As much as all answers together never are: what says more is no server of ours. */
const receivedBytesMax = 1024 * 1024;
const statementTimeoutMs = 3000;
const lockTimeoutMs = 1000;

/** `search_path`: a role's own setting of it could put somebody else's functions before the server's. */
const begin = `begin read only; set local search_path = pg_catalog; set local statement_timeout = ${statementTimeoutMs}; set local lock_timeout = ${lockTimeoutMs}`;

/**
 * What `work` makes of the answers. All of it takes `timeoutMs` at most, a connection that hangs included, of which nothing is
 * left. Throws SessionFailure, the reason of `signal` when it aborts, OpsError for certificates that cannot
 * be read, and what `readPassword` throws.
 */
export async function withSession<T>(
  target: PostgresTarget,
  work: (ask: Ask) => Promise<T>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const connection = await reach(target, { limit, receivedBytesMax });
    try {
      await connection.ask(begin);
      const result = await work((sql, values) => connection.ask(sql, values));
      await connection.ask('commit');
      return result;
    } catch (error) {
      throw connection.failure(error);
    } finally {
      await connection.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

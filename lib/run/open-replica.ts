// Where the rows of sources arrive, as it is configured.
import type { Clock } from '../base/clock.ts';
import type { ReplicaConfig } from '../config/delta-config.ts';
import type { Replica } from '../replica/replica.ts';

/** Throws OpsError `config`, `denied` for an address that cannot be read, and what the target throws where it does not open. */
export async function openReplica(
  { name, target, policy }: ReplicaConfig,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Replica> {
  if (target.kind === 'sqlite') {
    const { openSqliteReplica } = await import('../replica/sqlite/open.ts');
    return await openSqliteReplica({ path: target.path, policy, clock });
  }
  const { openPostgresReplica } = await import('../replica/postgres/open.ts');
  // A schema of its own, so that a database can hold several, and tables of others beside them.
  return await openPostgresReplica({ target: target.readTarget(), schema: name, policy, clock, signal });
}

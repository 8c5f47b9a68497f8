// Which replica is meant, and work on it beside a service that runs: by a connection of its own, under the same rules.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { OpsError } from '../../../lib/base/errors.ts';
import { didYouMean } from '../../../lib/base/nearest.ts';
import type { Config } from '../../../lib/config/config.ts';
import { isSameName } from '../../../lib/delta/day.ts';
import type { ReceiveConfig, ReplicaConfig } from '../../../lib/config/delta-config.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { openReplica } from '../../../lib/run/open-replica.ts';

const documented =
  'docs/configuration.md explains [receive] and [replicas.<name>]; etc/holdfast.toml is a sample';

/** Throws OpsError `config` where nothing is to be received here. */
export function requireReceive({ receive, source }: Config): ReceiveConfig {
  if (receive !== undefined) return receive;
  throw new OpsError('config', `cannot receive: ${source} has no [receive]`, { hint: documented });
}

/** The one that is named, else all. Throws OpsError `config` where there is none, `usage` for an unknown name. */
export function namedReplicas(
  { replicas, source }: Config,
  name: string | undefined,
): readonly ReplicaConfig[] {
  if (replicas.length === 0)
    throw new OpsError('config', `cannot find a replica: ${source} has no [replicas.<name>]`, {
      hint: documented,
    });
  if (name === undefined) return replicas;
  const found = replicas.find((replica) => replica.name === name);
  if (found !== undefined) return [found];
  const known = replicas.map((replica) => replica.name);
  throw new OpsError(
    'usage',
    `cannot find the replica ${JSON.stringify(name)}: ${source} has ${known.join(', ')}${didYouMean(name, known)}`,
    { hint: `name one of them: --replica ${known[0]}` },
  );
}

/** Opens the one that is meant, and closes it afterwards. Throws OpsError `usage` where there are several and none is named. */
export async function onReplica<T>(
  context: JobContext,
  name: string | undefined,
  work: (replica: Replica, config: ReplicaConfig) => Promise<T>,
): Promise<T> {
  const [config, ...others] = namedReplicas(context.config, name);
  if (config === undefined || others.length > 0)
    throw new OpsError('usage', 'cannot tell which replica is meant: there are several', {
      hint: 'name it with --replica <name>',
    });
  if (!hasArrived(config))
    throw new OpsError('missing', `cannot open the replica ${config.name}: nothing has arrived yet`, {
      hint: 'delta-receive run takes in what its sources send, and makes it',
    });
  const replica = await openReplica(config, context);
  try {
    return await work(replica, config);
  } finally {
    await replica.close();
  }
}

/** Whether anything is there: who only looks makes no file, which the service might not be allowed to write. */
export function hasArrived({ target }: ReplicaConfig): boolean {
  return target.kind !== 'sqlite' || existsSync(target.path);
}

/** Who decides something, and why, as it is written down. */
export function whoAndWhy(given: { by: string | undefined; reason: string | undefined }): {
  by: string;
  reason: string;
} {
  return { by: given.by ?? userInfo().username, reason: given.reason ?? '' };
}

/** Throws OpsError `usage` where the replica has no table of that name, and none waits for approval. */
export async function requireTable(replica: Replica, table: string | undefined): Promise<void> {
  if (table === undefined) return;
  const known = await replica.tables();
  if (known.some((one) => isSameName(one, table))) return;
  throw new OpsError(
    'usage',
    `cannot find the table ${JSON.stringify(table)}: ${
      known.length === 0
        ? 'the replica has none yet'
        : `the replica has ${known.join(', ')}${didYouMean(table, known)}`
    }`,
  );
}

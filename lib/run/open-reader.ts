// The reader of an app's documents, as it is configured.
import type { ShipConfig } from '../config/export-config.ts';
import { type Environment, searchPath } from '../config/environment.ts';
import { credentialsDirectory } from '../config/secrets.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { openRsync, requireIdentity, type Rsync } from '../process/rsync.ts';

/** Throws OpsError `config` and `denied` where there is nothing to show who we are, or others may read it. */
export async function openReader(
  directory: HeldDirectory,
  { to, reader, identityPath, readPassword, ...ship }: ShipConfig,
  { environment, signal }: { environment: Environment | undefined; signal: AbortSignal },
): Promise<Rsync> {
  const isSsh = reader.kind === 'ssh';
  return await openRsync(directory, {
    ...ship,
    reader,
    called: to,
    identityPath: isSsh ? requireIdentity(identityPath(), to) : undefined,
    // What a unit reads is a copy, which is gone with it.
    identityCalled: ship.identityFile ?? `${credentialsDirectory}/ship-identity`,
    password: isSsh ? undefined : readPassword(),
    searchPath: searchPath(environment),
    signal,
  });
}

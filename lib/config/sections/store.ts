// `[store]`: where copies go.
import { z } from 'zod';
import { OpsError } from '../../base/errors.ts';
import type { StoreConfig } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';
import { directoryFromEnvironment, directoryStore, ownDirectory } from './store-directory.ts';
import { dropboxConfig, dropboxFromEnvironment, dropboxStore } from './store-dropbox.ts';
import { storeId } from './values.ts';

export const storeTable = z.discriminatedUnion(
  'kind',
  [directoryStore, dropboxStore],
  'must be "directory" or "dropbox"',
);

/** Without a table the environment says which store it is; where it does not, it is a directory of our own. */
export function storeConfig(
  table: z.infer<typeof storeTable> | undefined,
  environment: Environment,
  stateDirectory: string,
): StoreConfig {
  const chosen =
    table ??
    directoryFromEnvironment(environment) ??
    dropboxFromEnvironment(environment) ??
    ownDirectory(stateDirectory);
  const id = table === undefined ? idFromEnvironment(environment) : table.id;
  return chosen.kind === 'directory'
    ? { ...chosen, id }
    : dropboxConfig({ ...chosen, id }, environment, stateDirectory);
}

/** `$HOLDFAST_STORE_ID`. Throws OpsError `config` for what is no id. */
function idFromEnvironment(environment: Environment): string | undefined {
  const id = nonEmpty(environment.HOLDFAST_STORE_ID);
  if (storeId.safeParse(id).success) return id;
  throw new OpsError(
    'config',
    `cannot use HOLDFAST_STORE_ID=${id}: it must be the 32 hex digits that db-backup info shows`,
    { hint: 'db-backup info shows them where it is not set' },
  );
}

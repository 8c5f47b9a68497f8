// `[store]`: where copies go.
import { z } from 'zod';
import type { StoreConfig } from '../config.ts';
import type { Environment } from '../environment.ts';
import { directoryFromEnvironment, directoryStore, ownDirectory } from './store-directory.ts';
import { dropboxConfig, dropboxFromEnvironment, dropboxStore } from './store-dropbox.ts';

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
  return chosen.kind === 'directory' ? chosen : dropboxConfig(chosen, environment, stateDirectory);
}

// `[store]` of kind `directory`: copies go to a directory.
import { join } from 'node:path';
import { z } from 'zod';
import { absolute, type Environment } from '../environment.ts';
import { absolutePath, storeId } from './values.ts';

export const directoryStore = z.strictObject({
  kind: z.literal('directory').describe('copies go to a directory'),
  path: absolutePath.describe('the directory; best on another disk than the database'),
  id: storeId,
});

type DirectoryTable = z.infer<typeof directoryStore>;

/** `$HOLDFAST_STORE`. Throws OpsError `config` where it holds no absolute path. */
export function directoryFromEnvironment(environment: Environment): DirectoryTable | undefined {
  const path = absolute(environment, 'HOLDFAST_STORE');
  return path === undefined ? undefined : { kind: 'directory', path };
}

/** The store where nothing names one. It lies in a directory of ours, so that it may be made without being asked for. */
export function ownDirectory(stateDirectory: string): DirectoryTable {
  return { kind: 'directory', path: join(stateDirectory, 'store') };
}

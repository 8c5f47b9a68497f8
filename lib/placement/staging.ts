// The directory beside a database in which its successor is made ready. It lies on the same file system, so that
// the last step is a rename.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stagingPrefix } from './names.ts';
import { wrapped } from './wrapped.ts';

/** A staging directory, and the path in it at which the new database is to be made. */
export interface Staging {
  directory: string;
  database: string;
}

/** Makes an empty staging directory for `target` that only its owner may enter. */
export async function makeStaging(target: string): Promise<Staging> {
  const prefix = stagingPrefix(target);
  const directory = await wrapped(`make a directory beside ${target}`, () => mkdtemp(prefix));
  return { directory, database: join(directory, 'new.db') };
}

/** Removes a staging directory with everything in it; one that is gone already is no error. */
export async function removeStaging(directory: string): Promise<void> {
  await wrapped(`remove ${directory}`, () => rm(directory, { recursive: true, force: true }));
}

// The directory beside a database in which its successor is made ready. It lies on the same file system, so that
// the last step is a rename. It is held from the moment it was made: whose the directory around it is may rename it.
import { mkdtemp, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { HeldDirectory } from '../files/held-directory.ts';
import { ifThere } from '../files/if-there.ts';
import { emptyDirectory } from '../files/remove-in.ts';
import { memberPath, type SetPlace } from './database-set.ts';
import { stagingPrefix } from './names.ts';
import { holdOwnDirectory, removeOwnDirectory } from './own.ts';
import { wrapped } from './wrapped.ts';

/** A staging directory. As a place of a set it is where the new database is to be made. */
export interface Staging extends SetPlace {
  /** The name of the directory. */
  readonly directoryName: string;
  /** Where the new database is to be made, for this process. */
  readonly database: string;
  /** The same for people, and for programs that open it themselves. */
  readonly path: string;
}

const databaseName = 'new.db';

/** Makes an empty staging directory beside `target` that only this user may enter. */
export async function makeStaging(target: SetPlace): Promise<Staging> {
  const { directory: parent } = target;
  const prefix = parent.at(stagingPrefix(target.name));
  const made = await wrapped(`make a directory beside ${memberPath(target)}`, () => mkdtemp(prefix));
  const directoryName = basename(made);
  return { ...stagingIn(await holdOwnDirectory(parent, directoryName)), directoryName };
}

/** A private directory as the place where a new database is to be made. */
export function stagingIn(directory: HeldDirectory): Omit<Staging, 'directoryName'> {
  return {
    directory,
    name: databaseName,
    database: directory.at(databaseName),
    path: join(directory.path, databaseName),
  };
}

/** Removes a staging directory with everything in it, also where somebody has renamed it, and lets it go. */
export async function removeStaging({ directory: parent }: SetPlace, staging: Staging): Promise<void> {
  using directory: HeldDirectory = staging.directory;
  await wrapped(`remove ${directory.path}`, async () => {
    await emptyDirectory(directory);
    await ifThere(rmdir(parent.at(staging.directoryName)));
  });
}

/** Removes one that an earlier run left. One that is gone is no error; one that is not ours is OpsError `refused`. */
export async function removeLeftover({ directory }: SetPlace, name: string): Promise<void> {
  await removeOwnDirectory(directory, name);
}

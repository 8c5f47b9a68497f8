// One file out of a set. SQLite itself is not known here: whoever calls brings a function that lets it do the work
// on a private copy.
import { mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { copyFileDurably } from '../files/copy-file.ts';
import { syncFile } from '../files/sync.ts';
import { holdsContent, inspectSet, memberSuffixes, requireAlone } from './database-set.ts';
import type { Staging } from './staging.ts';
import { wrapped } from './wrapped.ts';

/**
 * Makes a copied set into a single file. `database` is the path of the copy, in a directory of its own, with its
 * -wal or -journal beside it: opened for writing, SQLite recovers it; then a checkpoint and a close leave one file.
 * Returns that file's path, in the same directory, or undefined when the database is too damaged to recover.
 */
export type MergeSet = (database: string) => Promise<string | undefined>;

/**
 * A single durable file in the staging directory that holds what the set at `database` holds, or undefined when the
 * set is too damaged. The set itself is only read.
 */
export async function mergeCopy(
  database: string,
  staging: Staging,
  merge: MergeSet,
): Promise<string | undefined> {
  // Of its own each time: an undo merges the set it brings back, and then the one that is in place.
  const directory = await wrapped(`make a directory in ${staging.directory}`, () =>
    mkdtemp(join(staging.directory, 'set-')),
  );
  const copy = join(directory, basename(database));
  const set = await inspectSet(database);
  for (const suffix of memberSuffixes) {
    if (suffix === '' || holdsContent(set, suffix)) {
      await copyFileDurably(`${database}${suffix}`, `${copy}${suffix}`);
    }
  }
  const merged = await wrapped(`make one file of the copy of ${database}`, () => merge(copy));
  if (merged === undefined) return undefined;
  await requireAlone(merged);
  await syncFile(merged);
  return merged;
}

// One file out of a set. SQLite itself is not known here: whoever calls brings a function that lets it do the work
// on a private copy.
import { copyFileDurably } from '../files/copy-file.ts';
import type { Scratch } from '../files/scratch.ts';
import { requireSpace } from '../files/space.ts';
import {
  holdsContent,
  inspectSet,
  memberAt,
  memberPath,
  memberSuffixes,
  type SetPlace,
  setSizeBytes,
} from './database-set.ts';
import type { Staging } from './staging.ts';
import { wrapped } from './wrapped.ts';

/**
 * Makes a copied set into a single file. `database` is the path of the copy, in a directory of its own, with its
 * -wal or -journal beside it: opened for writing, SQLite recovers it; then a checkpoint and a close leave one file.
 * Returns that file's path, or undefined when the database is too damaged to recover.
 */
export type MergeSet = (database: string) => Promise<string | undefined>;

/** Where sets are merged, and by what. */
export interface Workshop {
  /**
   * Makes a directory that nobody else can reach or exchange: SQLite names files by their path, follows links, and makes
   * files beside them, so it writes nowhere else.
   */
  scratch: () => Promise<Scratch>;
  merge: MergeSet;
}

/** A file in the staging directory. */
export interface MergedFile {
  /** For this process. */
  at: string;
  name: string;
}

/**
 * A single durable file in the staging directory that holds what the set at `place` holds, or undefined when the
 * set is too damaged. The set itself is only read.
 */
export async function mergeCopy(
  place: SetPlace,
  staging: Staging,
  { scratch: makeScratch, merge }: Workshop,
  name: string,
): Promise<MergedFile | undefined> {
  await using scratch = await makeScratch();
  const copy = scratch.file('database.db');
  const set = await inspectSet(place);
  const neededBytes = setSizeBytes(set);
  await requireSpace({ directory: scratch.path, neededBytes, purpose: `recover ${memberPath(place)}` });
  for (const suffix of memberSuffixes) {
    if (suffix === '' || holdsContent(set, suffix))
      await copyFileDurably(memberAt(place, suffix), `${copy}${suffix}`);
  }
  const merged = await wrapped(`make one file of the copy of ${memberPath(place)}`, () => merge(copy));
  if (merged === undefined) return undefined;
  await copyFileDurably(merged, staging.directory.at(name));
  return { at: staging.directory.at(name), name };
}

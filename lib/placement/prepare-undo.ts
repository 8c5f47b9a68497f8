// An undo set on its way back: made into one file in a staging directory, from where it is proven and placed like
// any backup. The undo set itself stays as it is until it is no longer needed.
import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { copyFileDurably } from '../files/copy-file.ts';
import { syncDirectory } from '../files/sync.ts';
import { inspectSet, isSpread } from './database-set.ts';
import { type MergeSet, mergeCopy } from './merge.ts';
import type { Staging } from './staging.ts';
import type { UsableUndoSet } from './undo-list.ts';
import { wrapped } from './wrapped.ts';

/**
 * Makes what the undo set holds into one durable file at `staging.database` and returns that path; not yet proven.
 * The undo set is only read. Throws OpsError `damaged` when SQLite cannot recover what the set holds.
 */
export async function prepareUndo(set: UsableUndoSet, staging: Staging, merge: MergeSet): Promise<string> {
  const kept = join(set.path, basename(set.record.target));
  if (!isSpread(await inspectSet(kept))) {
    await copyFileDurably(kept, staging.database);
    return staging.database;
  }
  const merged = await mergeCopy(kept, staging, merge);
  if (merged === undefined) {
    throw new OpsError('damaged', `cannot bring back ${set.name}: SQLite cannot recover the database in it`, {
      hint: `choose another undo set, or a backup; the files in ${set.path} are as they were`,
    });
  }
  await wrapped(`rename ${merged}`, () => rename(merged, staging.database));
  await syncDirectory(staging.directory);
  return staging.database;
}

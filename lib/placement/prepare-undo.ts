// An undo set on its way back: made into one file in a staging directory, from where it is proven and placed like
// any backup. The undo set itself stays as it is until it is no longer needed.
import { OpsError } from '../base/errors.ts';
import { copyFileDurably } from '../files/copy-file.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { inspectSet, isSpread, memberAt, type SetPlace } from './database-set.ts';
import { mergeCopy, type Workshop } from './merge.ts';
import { holdOwnDirectory } from './own.ts';
import type { Staging } from './staging.ts';
import type { UsableUndoSet } from './undo-list.ts';

/**
 * Makes what the undo set of `target` holds into one durable file at `staging.database`; not yet proven. The undo set is
 * only read. Throws OpsError `damaged` when SQLite cannot recover what the set holds.
 */
export async function prepareUndo(
  target: SetPlace,
  set: UsableUndoSet,
  staging: Staging,
  workshop: Workshop,
): Promise<void> {
  await inKnownPaths(async () => {
    using directory = await holdOwnDirectory(target.directory, set.name);
    const kept = { directory, name: target.name };
    if (!isSpread(await inspectSet(kept))) await copyFileDurably(memberAt(kept), staging.database);
    else if ((await mergeCopy(kept, staging, workshop, staging.name)) === undefined) throw unrecoverable(set);
  });
}

function unrecoverable({ name, path }: UsableUndoSet): OpsError {
  return new OpsError('damaged', `cannot bring back ${name}: SQLite cannot recover the database in it`, {
    hint: `choose another undo set, or a backup; the files in ${path} are as they were`,
  });
}

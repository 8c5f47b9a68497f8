// Whole placements in the fewest steps, for tests: what a command does around lib/placement, without services.
import type { Clock } from '../../lib/base/clock.ts';
import type { Log } from '../../lib/base/log.ts';
import { copyFileDurably } from '../../lib/files/copy-file.ts';
import { currentProcess } from '../../lib/files/process-identity.ts';
import { type Placement, place } from '../../lib/placement/place.ts';
import { markUndoUsed, prepareUndo } from '../../lib/placement/prepare-undo.ts';
import { type Recovery, complete, recover } from '../../lib/placement/recovery.ts';
import { makeStaging, removeLeftStaging } from '../../lib/placement/staging.ts';
import { listUndoSets } from '../../lib/placement/undo-list.ts';
import { mergeSet } from './merge-set.ts';

interface Context {
  clock: Clock;
  log: Log;
}

/** What every placement of these tests writes down. */
export const notes = {
  app: 'ctv',
  services: 'flaskapp.service',
  startedBy: currentProcess(),
  merge: mergeSet,
};

/** Places a copy of the database at `source`. */
export async function placeOnce(target: string, source: string, context: Context): Promise<Placement> {
  const staging = await makeStaging(target);
  await copyFileDurably(source, staging.database);
  const placement = await place({ ...notes, target, staging, backup: 'backups/ctv/new.db' }, context);
  await complete(target);
  return placement;
}

/** Brings back the newest undo set. */
export async function undoOnce(target: string, context: Context): Promise<Placement> {
  const set = (await listUndoSets(target)).find((candidate) => candidate.usable);
  if (set === undefined) throw new Error('no undo set');
  const staging = await makeStaging(target);
  await prepareUndo(set, staging, mergeSet);
  const ownership = set.record.ownership;
  const placement = await place(
    { ...notes, target, staging, backup: set.name, ...(ownership === undefined ? {} : { ownership }) },
    context,
  );
  await markUndoUsed(set, context.clock.now());
  await complete(target);
  return placement;
}

/** Settles whatever was interrupted and removes what was left. */
export async function recoverOnce(target: string, context: Context): Promise<Recovery | undefined> {
  const recovery = await recover(target, context);
  if (recovery?.outcome !== 'abandoned') await complete(target);
  await removeLeftStaging(target);
  return recovery;
}

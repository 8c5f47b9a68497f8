// Whole placements in the fewest steps, for tests: what a command does around lib/placement, without services.
import type { Clock } from '../../lib/base/clock.ts';
import type { Log } from '../../lib/base/log.ts';
import { copyFileDurably } from '../../lib/files/copy-file.ts';
import { currentProcess } from '../../lib/files/process-identity.ts';
import type { OpenPlacement, Placement } from '../../lib/placement/open-placement.ts';
import type { Recovery } from '../../lib/placement/recovery.ts';
import {
  listUndoSets,
  makeStaging,
  place,
  prepareUndo,
  removeLeftStaging,
  settleInterrupted,
} from './by-path.ts';
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

/** Places a copy of the database at `source`, and leaves the placement open. */
export async function placeOpen(target: string, source: string, context: Context): Promise<OpenPlacement> {
  const staging = await makeStaging(target);
  await copyFileDurably(source, staging.database);
  return place({ ...notes, target, staging, backup: 'backups/ctv/new.db' }, context);
}

/** Places a copy of the database at `source`, and keeps it. */
export async function placeOnce(target: string, source: string, context: Context): Promise<Placement> {
  const open = await placeOpen(target, source, context);
  await open.keep();
  return open.placement;
}

/** Places a copy of the database at `source`, and undoes that. */
async function placeAndUndo(target: string, source: string, context: Context): Promise<Placement> {
  const open = await placeOpen(target, source, context);
  if (open.undo === undefined) throw new Error('there is nothing to put back');
  return open.undo(() => undoOnce(target, context));
}

/** Brings back the newest undo set. */
export async function undoOnce(target: string, context: Context): Promise<Placement> {
  const open = await undoOpen(target, context);
  await open.keep();
  return open.placement;
}

/** Brings back the newest undo set, and leaves the placement open. */
export async function undoOpen(target: string, context: Context): Promise<OpenPlacement> {
  const undoSet = (await listUndoSets(target)).find((candidate) => candidate.usable);
  if (undoSet === undefined) throw new Error('no undo set');
  const staging = await makeStaging(target);
  await prepareUndo(target, undoSet, staging, mergeSet);
  const { ownership } = undoSet.record;
  return place(
    {
      ...notes,
      target,
      staging,
      backup: undoSet.name,
      undoSet,
      ...(ownership === undefined ? {} : { ownership }),
    },
    context,
  );
}

/** What a command does with a placement, from its beginning to its end. */
export type Action = 'place' | 'place-and-undo' | 'undo' | 'recover';

/** Does it, with the database at `source` where one is placed. */
export async function act(action: Action, target: string, source: string, context: Context): Promise<void> {
  if (action === 'place') await placeOnce(target, source, context);
  else if (action === 'place-and-undo') await placeAndUndo(target, source, context);
  else if (action === 'undo') await undoOnce(target, context);
  else await recoverOnce(target, context);
}

/** Settles whatever was interrupted and removes what was left. */
export async function recoverOnce(target: string, context: Context): Promise<Recovery | undefined> {
  const recovery = await settleInterrupted(target, context, async () => {});
  await removeLeftStaging(target, context.log);
  return recovery;
}

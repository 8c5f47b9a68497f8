// Putting a proven database in the place of a live one, so that a kill at any instant leaves the old or the new one
// whole in place, and an intent that says which was wanted (R2, R3, R5, R6, R7).
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { syncFile } from '../files/sync.ts';
import { trueOwnership } from '../files/true-owner.ts';
import {
  type DatabaseSet,
  inspectSet,
  isSpread,
  memberPath,
  requireUnwritten,
  type SetPlace,
} from './database-set.ts';
import { exchange } from './exchange.ts';
import type { Intent } from './intent.ts';
import { writeIntent } from './intent-file.ts';
import { type MergedFile, mergeCopy, type Workshop } from './merge.ts';
import { type OpenPlacement, type Placement, openPlacement } from './open-placement.ts';
import type { Ownership } from '../record/ownership.ts';
import { applyOwnership, grantOwnership, ownershipOf } from './ownership.ts';
import {
  requireMark,
  requireNoHolders,
  requireOrdinary,
  requireReady,
  requireRoomForCopies,
  requireSettled,
} from './readiness.ts';
import type { Staging } from './staging.ts';
import type { UsableUndoSet } from './undo-list.ts';
import { makeUndoSet, nextUndoName } from './undo-set.ts';

/** What to place, and what to write down of it. */
export interface PlacementRequest {
  /** Where the database lies, as `locateFile` gives it. */
  target: SetPlace;
  /** Holds the proven, closed database at `staging.database`. */
  staging: Staging;
  app: string;
  /** The backup or undo set the database comes from. */
  backup: string;
  /** The services that were stopped, in any form the caller can read again. */
  services: string;
  /** This process, as `currentProcess` of lib/files gives it. */
  startedBy: ProcessIdentity;
  /** Wished owner, group and mode of the new database; those of the old one unless given. See `grantOwnership`. */
  ownership?: Ownership;
  /** The undo set that the database comes from, if it does: noted as used when the placement is kept. */
  undoSet?: UsableUndoSet;
  workshop: Workshop;
}

/**
 * Places `staging.database` at `target` and keeps what was there as an undo set. When this returns, the new database
 * is in place, alone and durable, and the intent says so; the caller starts the services, looks whether all is well,
 * and keeps or undoes what is handed out. When this throws, or is killed, the old or the new database is in place,
 * whole; `settleInterrupted` tells which and settles it.
 *
 * Throws OpsError `refused` when somebody uses the database, when an earlier placement is not settled, or when
 * something is in the way; `denied`, `io` and `missing` when a step on files fails.
 */
export async function place(
  request: PlacementRequest,
  context: { clock: Clock; log: Log },
): Promise<OpenPlacement> {
  return inKnownPaths(() => placeHeld(request, context));
}

async function placeHeld(
  request: PlacementRequest,
  { clock, log }: { clock: Clock; log: Log },
): Promise<OpenPlacement> {
  const { target, staging } = request;
  await requireSettled(target);
  await requireReady(staging, target);
  const old = await inspectSet(target);
  await requireOrdinary(target);
  await requireRoomForCopies(target, old);
  await requireNoHolders(target, log);

  const inPlace = await ownershipOf(target);
  const ownership = await grantOwnership(target, inPlace, request.ownership);
  warnUnlessGranted(request, ownership, log);
  await takeOver(staging.database, ownership, staging.path);
  const merged = await mergeOld(request, old, inPlace);
  await requireUnused(target, old, log); // merging a large database takes a while

  const intent = await intentOf(request, old, merged, clock.now());
  await writeIntent(target, staging, intent);
  if (intent.undo !== undefined) {
    const { app, backup, startedAt } = intent;
    const record = {
      app,
      target: intent.target,
      replacedBy: backup,
      madeAt: startedAt,
      ownership: trueOwnership(inPlace),
    };
    await makeUndoSet(target, intent.undo, { ...record, state: 'kept', usedAt: undefined });
  }
  await requireUnused(target, old, log);
  await exchange(target, intent, staging.database, merged?.at);
  await writeIntent(target, staging, { ...intent, phase: 'placed' });
  const placement = {
    undo: intent.undo === undefined ? undefined : join(target.directory.path, intent.undo),
    previous: previousOf(old, merged),
  };
  log.info('placed the new database', {
    path: intent.target,
    backup: request.backup,
    undo: placement.undo,
  });
  return openPlacement(target, intent, placement, { clock, log, undoSet: request.undoSet });
}

async function requireUnused(target: SetPlace, old: DatabaseSet, log: Log): Promise<void> {
  await requireNoHolders(target, log);
  await requireUnwritten(target, old);
}

/** R5 goes as far as nobody gets more than there was: what a backup remembers may be more than its directory allows. */
function warnUnlessGranted({ target, ownership: wish }: PlacementRequest, given: Ownership, log: Log): void {
  if (wish === undefined || (wish.uid === given.uid && wish.gid === given.gid)) return;
  log.warn('the database belongs to the owner and group of its directory: whose it was has no part in that', {
    path: memberPath(target),
    was: `${wish.uid}:${wish.gid}`,
    is: `${given.uid}:${given.gid}`,
  });
}

async function takeOver(path: string, ownership: Ownership, called: string): Promise<void> {
  await applyOwnership(path, ownership, called);
  await syncFile(path);
}

async function mergeOld(
  { target, staging, workshop }: PlacementRequest,
  old: DatabaseSet,
  inPlace: Ownership | undefined,
): Promise<MergedFile | undefined> {
  if (!old.has('') || !isSpread(old)) return undefined;
  const merged = await mergeCopy(target, staging, workshop, 'merged.db');
  if (merged !== undefined) {
    const ownership = await grantOwnership(target, inPlace, undefined);
    await takeOver(merged.at, ownership, join(staging.directory.path, merged.name));
  }
  return merged;
}

async function intentOf(
  { target, staging, app, backup, services, startedBy }: PlacementRequest,
  old: DatabaseSet,
  merged: MergedFile | undefined,
  startedAt: Date,
): Promise<Intent> {
  return {
    phase: 'placing',
    target: memberPath(target),
    app,
    backup,
    services,
    startedAt,
    startedBy,
    old,
    staging: staging.directoryName,
    undo: old.size === 0 ? undefined : await nextUndoName(target, startedAt),
    merged: merged === undefined ? undefined : await requireMark(merged.at, merged.name),
    new: await requireMark(staging.database, staging.path),
  };
}

function previousOf(old: DatabaseSet, merged: MergedFile | undefined): Placement['previous'] {
  if (!old.has('')) return 'none';
  return isSpread(old) && merged === undefined ? 'damaged' : 'whole';
}

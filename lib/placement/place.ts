// Putting a proven database in the place of a live one, so that a kill at any instant leaves the old or the new one
// whole in place, and an intent that says which was wanted (R2, R3, R5, R6, R7).
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { CommandRunner } from '../base/command.ts';
import type { Log } from '../base/log.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { syncFile } from '../files/sync.ts';
import { trueOwnership } from '../files/true-owner.ts';
import { type Attributes, attributesAt, giveAttributes } from './attributes.ts';
import {
  type DatabaseSet,
  inspectSet,
  isSpread,
  memberAt,
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
import { holdOwnDirectory } from './own.ts';
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

/** What a placement needs of the process. */
export interface PlacementContext {
  clock: Clock;
  log: Log;
  /** Asks the programs that know access control lists and attributes. */
  runCommand: CommandRunner;
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
export async function place(request: PlacementRequest, context: PlacementContext): Promise<OpenPlacement> {
  return inKnownPaths(() => placeHeld(request, context));
}

async function placeHeld(request: PlacementRequest, context: PlacementContext): Promise<OpenPlacement> {
  const { clock, log, runCommand } = context;
  const { target, staging } = request;
  await requireSettled(target);
  await requireReady(staging, target);
  const old = await inspectSet(target);
  await requireOrdinary(target);
  await requireRoomForCopies(target, old);
  await requireNoHolders(target, log);

  const inPlace = await ownershipOf(target);
  const attributes = await attributesAt(memberAt(target), memberPath(target), runCommand);
  const ownership = await grantOwnership(target, inPlace, request.ownership, runCommand);
  warnUnlessGranted(request, ownership, log);
  const wanted = await attributesOfNew(request, attributes, runCommand);
  const notCarried = await takeOver(staging.database, staging.path, { ownership, wanted }, runCommand);
  for (const what of notCarried)
    log.warn('not carried over to the new database', { path: memberPath(target), what });
  const merged = await mergeOld(request, old, { ownership: inPlace, attributes }, runCommand);
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
    const copied = (at: string) => giveAttributes(at, memberPath(target), attributes, runCommand);
    await makeUndoSet(target, intent.undo, { ...record, state: 'kept', usedAt: undefined }, copied);
  }
  await requireUnused(target, old, log);
  await exchange(target, intent, staging.database, merged?.at);
  await writeIntent(target, staging, { ...intent, phase: 'placed' });
  const placement = {
    undo: intent.undo === undefined ? undefined : join(target.directory.path, intent.undo),
    previous: previousOf(old, merged),
    notCarried,
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

/** What a restored database has besides owner, group and mode: as the one in place, or as the one that comes back. */
async function attributesOfNew(
  { target, undoSet }: PlacementRequest,
  inPlace: Attributes,
  run: CommandRunner,
): Promise<Attributes> {
  if (undoSet === undefined) return inPlace;
  using directory = await holdOwnDirectory(target.directory, undoSet.name);
  const kept = { directory, name: target.name };
  return await attributesAt(memberAt(kept), memberPath(kept), run);
}

/** Gives a file of ours all that it is to have, on the device. Returns what could not be carried. */
async function takeOver(
  path: string,
  called: string,
  { ownership, wanted }: { ownership: Ownership; wanted: Attributes },
  run: CommandRunner,
): Promise<readonly string[]> {
  await applyOwnership(path, ownership, called);
  const notCarried = await giveAttributes(path, called, wanted, run);
  await syncFile(path);
  return notCarried;
}

async function mergeOld(
  { target, staging, workshop }: PlacementRequest,
  old: DatabaseSet,
  inPlace: { ownership: Ownership | undefined; attributes: Attributes },
  run: CommandRunner,
): Promise<MergedFile | undefined> {
  if (!old.has('') || !isSpread(old)) return undefined;
  const merged = await mergeCopy(target, staging, workshop, 'merged.db');
  if (merged !== undefined) {
    const ownership = await grantOwnership(target, inPlace.ownership, undefined, run);
    const called = join(staging.directory.path, merged.name);
    await takeOver(merged.at, called, { ownership, wanted: inPlace.attributes }, run);
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

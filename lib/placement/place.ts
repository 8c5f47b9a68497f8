// Putting a proven database in the place of a live one, so that a kill at any instant leaves the old or the new one
// whole in place, and an intent that says which was wanted (R2, R3, R5, R6, R7).
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { syncFile } from '../files/sync.ts';
import { type DatabaseSet, inspectSet, isSpread, requireUnwritten } from './database-set.ts';
import { exchange } from './exchange.ts';
import type { Intent } from './intent.ts';
import { writeIntent } from './intent-file.ts';
import { type MergeSet, mergeCopy } from './merge.ts';
import { type OpenPlacement, type Placement, openPlacement } from './open-placement.ts';
import { type Ownership, applyOwnership, ownershipOf } from './ownership.ts';
import { requireMark, requireNoHolders, requireReady, requireSettled } from './readiness.ts';
import type { Staging } from './staging.ts';
import type { UsableUndoSet } from './undo-list.ts';
import { makeUndoSet, nextUndoPath } from './undo-set.ts';

/** What to place, and what to write down of it. */
export interface PlacementRequest {
  /** The real path of the database, as `locateTarget` gives it. */
  target: string;
  /** Holds the proven, closed database at `staging.database`. */
  staging: Staging;
  app: string;
  /** The backup or undo set the database comes from. */
  backup: string;
  /** The services that were stopped, in any form the caller can read again. */
  services: string;
  /** This process, as `currentProcess` of lib/files gives it. */
  startedBy: ProcessIdentity;
  /** Owner, group and mode of the new database; those of the old one unless given. */
  ownership?: Ownership;
  /** The undo set that the database comes from, if it does: noted as used when the placement is kept. */
  undoSet?: UsableUndoSet;
  merge: MergeSet;
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
  { clock, log }: { clock: Clock; log: Log },
): Promise<OpenPlacement> {
  const { target, staging } = request;
  await requireSettled(target);
  await requireReady(staging.database, target);
  const old = await inspectSet(target);
  await requireNoHolders(target, log);

  const ownership = old.has('') ? await ownershipOf(target) : undefined;
  await takeOver(staging.database, request.ownership ?? ownership);
  const merged = await mergeOld(request, old, ownership);
  await requireUnused(target, old, log); // merging a large database takes a while

  const intent = await intentOf(request, old, merged, clock.now());
  await writeIntent(intent);
  if (intent.undo !== undefined) {
    const { app, backup, startedAt } = intent;
    const record = { app, target, replacedBy: backup, madeAt: startedAt, ownership };
    await makeUndoSet(intent.undo, { ...record, state: 'kept', usedAt: undefined });
  }
  await requireUnused(target, old, log);
  await exchange(intent, staging.database, merged);
  await writeIntent({ ...intent, phase: 'placed' });
  log.info('placed the new database', { path: target, backup: request.backup, undo: intent.undo });
  const placement = { undo: intent.undo, previous: previousOf(old, merged) };
  return openPlacement(intent, placement, { clock, log, undoSet: request.undoSet });
}

async function requireUnused(target: string, old: DatabaseSet, log: Log): Promise<void> {
  await requireNoHolders(target, log);
  await requireUnwritten(target, old);
}

async function takeOver(path: string, ownership: Ownership | undefined): Promise<void> {
  if (ownership !== undefined) await applyOwnership(path, ownership);
  await syncFile(path);
}

async function mergeOld(
  { target, staging, merge }: PlacementRequest,
  old: DatabaseSet,
  ownership: Ownership | undefined,
): Promise<string | undefined> {
  if (!old.has('') || !isSpread(old)) return undefined;
  const merged = await mergeCopy(target, staging, merge);
  if (merged !== undefined) await takeOver(merged, ownership);
  return merged;
}

async function intentOf(
  { target, staging, app, backup, services, startedBy }: PlacementRequest,
  old: DatabaseSet,
  merged: string | undefined,
  startedAt: Date,
): Promise<Intent> {
  return {
    phase: 'placing',
    target,
    app,
    backup,
    services,
    startedAt,
    startedBy,
    old,
    staging: staging.directory,
    undo: old.size === 0 ? undefined : await nextUndoPath(target, startedAt),
    merged: merged === undefined ? undefined : await requireMark(merged),
    new: await requireMark(staging.database),
  };
}

function previousOf(old: DatabaseSet, merged: string | undefined): Placement['previous'] {
  if (!old.has('')) return 'none';
  return isSpread(old) && merged === undefined ? 'damaged' : 'whole';
}

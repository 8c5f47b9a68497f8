// The part of a restore during which the app stands still: stop, replace, start, see whether it is well.
import { currentProcess } from '../../../lib/files/process-identity.ts';
import type { FileApp, GuardedApp } from '../../../lib/config/config.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import type { Workshop } from '../../../lib/placement/merge.ts';
import type { Ownership } from '../../../lib/record/ownership.ts';
import type { OpenPlacement, Placement } from '../../../lib/placement/open-placement.ts';
import { place } from '../../../lib/placement/place.ts';
import { settleInterrupted } from '../../../lib/placement/recovery.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import type { UsableUndoSet } from '../../../lib/placement/undo-list.ts';
import { probeHealth } from '../../../lib/process/health-probe.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { errorMessage } from '../../../lib/base/errors.ts';
import { removeRestoringNote, writeRestoringNote } from '../../steps/restoring-note.ts';

/** What is put in place of what. */
export interface Replacement {
  app: FileApp;
  /** Where the database lies. */
  target: LocatedFile;
  /** Holds the proven file. */
  staging: Staging;
  /** What the new file is called in messages and records: a backup's name, an undo set's. */
  source: string;
  /** What is wished for; see `grantOwnership`. */
  ownership: Ownership | undefined;
  /** The undo set the new file comes from, if it does. */
  undoSet?: UsableUndoSet;
}

/** Whether the app is well with the database that is in place now. */
export interface Wellness {
  health: 'well' | 'unwell' | 'not asked';
  detail: string;
}

/** How it went. The new database is in place. */
export interface Replaced extends Placement, Wellness {}

/**
 * Stops the services and puts the new database in place. When anything fails before it is there, the old one is
 * (whole), the services are started all the same, and the error is thrown.
 */
export function stopAndPlace(context: JobContext, replacement: Replacement): Promise<OpenPlacement> {
  const { app, target } = replacement;
  return whileStopped(context, app, {
    work: () => placeStaged(context, replacement),
    settle: () => settleFailure(context, target),
  });
}

/**
 * What `work` makes of the place of the database with the services of the app stopped, which the caller starts. Where that fails `settle`
 * sees to it that a whole one is in place, the services are started all the same, and the error is thrown.
 */
export async function whileStopped<T>(
  context: JobContext,
  app: GuardedApp,
  { work, settle }: { work: () => Promise<T>; settle: () => Promise<void> },
): Promise<T> {
  await writeRestoringNote(context, app);
  context.noteUnderWay(wholeAgain(context, app));
  try {
    await context.services(app).stop(context.signal);
    context.signal.throwIfAborted();
    return await work();
  } catch (error) {
    await settle();
    await startAfterFailure(context, app);
    context.noteUnderWay(undefined);
    throw error;
  }
}

/**
 * Starts the services and asks whether the app is well; that it does not start is told in the result as well. From
 * here on the new database is in place: being told to stop now must not leave the app stopped, and ends the asking. The
 * caller ends what is under way, and looks at the signal then.
 */
export async function startAndProbe(context: JobContext, app: GuardedApp): Promise<Wellness> {
  let missing: string[];
  try {
    missing = await context.services(app).start();
  } catch (error) {
    return { health: 'unwell', detail: errorMessage(error) };
  }
  await removeRestoringNote(context, app);
  context.noteUnderWay(undefined);
  if (missing.length > 0)
    return {
      health: 'not asked',
      detail: `${missing.join(', ')} is not on this machine: install it, and start it`,
    };
  if (app.health === undefined) return { health: 'not asked', detail: 'no health check is configured' };
  context.log.info(`${app.name}: asking whether it is well`);
  const signal = AbortSignal.any([AbortSignal.timeout(app.health.timeoutMs + 30_000), context.signal]);
  try {
    const probe = { ...app.health, signal, clock: context.clock, wait: context.wait };
    const { ok, detail } = await probeHealth(probe);
    return { health: ok ? 'well' : 'unwell', detail };
  } catch (error) {
    if (!context.signal.aborted) throw error;
    return { health: 'not asked', detail: 'the run was told to stop while it asked' };
  }
}

/** What being told to stop has to wait for from here on. */
function wholeAgain(context: JobContext, app: GuardedApp): string {
  const { units, stop } = app.services;
  if (units.length === 0 && stop === undefined) return 'a whole database is in place';
  return `a whole database is in place and the app is started again (${context.services(app).describe()})`;
}

function placeStaged(
  context: JobContext,
  { app, target, staging, source, ownership, undoSet }: Replacement,
): Promise<OpenPlacement> {
  const request = {
    target,
    staging,
    app: app.name,
    backup: source,
    services: context.services(app).describe(),
    startedBy: currentProcess(),
    workshop: workshopOf(context),
    ...(ownership === undefined ? {} : { ownership }),
    ...(undoSet === undefined ? {} : { undoSet }),
  };
  return place(request, context);
}

/** Where old databases are recovered. */
export function workshopOf(context: JobContext): Workshop {
  return {
    scratch: () => context.scratch(),
    merge: async (copy) => ((await mergeSet(copy)) ? copy : undefined),
  };
}

/** The services are started afterwards, whatever comes of this; a kill in between leaves their note. */
async function settleFailure(context: JobContext, target: LocatedFile): Promise<void> {
  try {
    await settleInterrupted(target, context, async () => {});
  } catch (error) {
    context.log.error(`what the restore left could not be settled: ${errorMessage(error)}`, {
      target: target.path,
    });
    context.noteLeft(`restore status says which database is in place at ${target.path}`);
  }
}

async function startAfterFailure(context: JobContext, app: GuardedApp): Promise<void> {
  try {
    await context.services(app).start();
    await removeRestoringNote(context, app);
  } catch (error) {
    context.log.error(`${app.name}: the services could not be started: ${errorMessage(error)}`);
    context.noteLeft(`the services of ${app.name} are NOT running`);
  }
}

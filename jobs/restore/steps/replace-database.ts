// The part of a restore during which the app stands still: stop, replace, start, see whether it is well.
import { currentProcess } from '../../../lib/files/process-identity.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { Ownership } from '../../../lib/placement/ownership.ts';
import { place, type Placement } from '../../../lib/placement/place.ts';
import { complete, recover } from '../../../lib/placement/recovery.ts';
import type { Staging } from '../../../lib/placement/staging.ts';
import { probeHealth } from '../../../lib/process/health-probe.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { mergeSet } from '../../../lib/sqlite/merge.ts';
import { errorMessage } from '../../../lib/base/errors.ts';
import { removeRestoringNote, writeRestoringNote } from './restoring-note.ts';

/** What is put in place of what. */
export interface Replacement {
  app: GuardedApp;
  /** The real path of the database. */
  target: string;
  /** Holds the proven file. */
  staging: Staging;
  /** What the new file is called in messages and records: a backup's name, an undo set's. */
  source: string;
  ownership: Ownership | undefined;
}

/** How it went. The new database is in place. */
export interface Replaced extends Placement {
  health: 'well' | 'unwell' | 'not asked';
  detail: string;
}

/**
 * Stops the services, puts the new database in place and starts them. When anything fails before the new database is
 * in place, the old one is (whole), the services are started all the same, and the error is thrown. When the app
 * does not start or is not well afterwards, that is in the result: the caller undoes it. The intent stays until the
 * caller calls `complete`, so that a kill before an undo is not forgotten.
 */
export async function replaceDatabase(context: JobContext, replacement: Replacement): Promise<Replaced> {
  const { app, target } = replacement;
  const services = context.services(app);
  await writeRestoringNote(context, app);
  let placement: Placement;
  try {
    await services.stop(context.signal);
    context.signal.throwIfAborted();
    placement = await placeStaged(context, replacement);
  } catch (error) {
    await settleFailure(context, target);
    await startAfterFailure(context, app);
    throw error;
  }
  // From here on the new database is in place. Being told to stop now must not leave the app stopped.
  return { ...placement, ...(await startAndProbe(context, app)) };
}

function placeStaged(
  context: JobContext,
  { app, target, staging, source, ownership }: Replacement,
): Promise<Placement> {
  const request = {
    target,
    staging,
    app: app.name,
    backup: source,
    services: context.services(app).describe(),
    startedBy: currentProcess(),
    merge: async (path: string) => ((await mergeSet(path)) ? path : undefined),
    ...(ownership === undefined ? {} : { ownership }),
  };
  return place(request, context);
}

async function settleFailure(context: JobContext, target: string): Promise<void> {
  try {
    await recover(target, context);
    await complete(target);
  } catch (error) {
    context.log.error(`what the restore left could not be settled: ${errorMessage(error)}`, { target });
    context.noteLeft(`restore status says which database is in place at ${target}`);
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

async function startAndProbe(
  context: JobContext,
  app: GuardedApp,
): Promise<Pick<Replaced, 'health' | 'detail'>> {
  try {
    await context.services(app).start();
  } catch (error) {
    return { health: 'unwell', detail: errorMessage(error) };
  }
  await removeRestoringNote(context, app);
  if (app.health === undefined) return { health: 'not asked', detail: 'no health check is configured' };
  context.log.info(`${app.name}: asking whether it is well`);
  const signal = AbortSignal.timeout(app.health.timeoutMs + 30_000);
  const { ok, detail } = await probeHealth({
    ...app.health,
    signal,
    clock: context.clock,
    wait: context.wait,
  });
  return { health: ok ? 'well' : 'unwell', detail };
}

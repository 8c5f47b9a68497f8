// R4: a restore that leaves the app unwell undoes itself.
import type { JobContext } from '../../../lib/run/context.ts';
import { type Replaced, type Replacement, startAndProbe, stopAndPlace } from './replace-database.ts';
import { undoPlacement } from './undo-placement.ts';

/** How it went. */
export interface ReplacedOrUndone {
  replaced: Replaced;
  /** The same for going back; undefined where that was not called for or not possible: the new database stays. */
  wentBack: Replaced | undefined;
}

/**
 * Replaces the database with the services stopped, starts them, and asks the app. When it is unwell, the database from
 * before comes back; where there was none, the new one stays. Throws OpsError when the new database cannot be placed:
 * then the old one is in place, whole. Throws also when going back fails: then the new or the old one is, whole.
 */
export async function replaceOrUndo(
  context: JobContext,
  replacement: Replacement,
): Promise<ReplacedOrUndone> {
  const { app, target, source } = replacement;
  using open = await stopAndPlace(context, replacement);
  const replaced = { ...open.placement, ...(await startAndProbe(context, app)) };
  context.noteLeft(`${source} is in place at ${target.path}`);
  if (replaced.health === 'unwell') {
    context.log.error(`${app.name}: the app is not well with ${source}: ${replaced.detail}`);
    if (open.undo !== undefined) {
      return { replaced, wentBack: await open.undo((undo) => undoPlacement(context, app, target, undo)) };
    }
  }
  await open.keep();
  context.signal.throwIfAborted();
  return { replaced, wentBack: undefined };
}

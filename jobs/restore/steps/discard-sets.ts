// Undo sets that pile up: which are to go, and that they go only when a person says so.
import { parseDuration } from '../../../lib/base/duration.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes, formatCount } from '../../../lib/base/format.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { LocatedFile } from '../../../lib/files/locate-file.ts';
import { discardUndoSet, undoAgeMsMax, undoMadeAt } from '../../../lib/placement/discard-undo.ts';
import { listUndoSets, type UndoSet } from '../../../lib/placement/undo-list.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { requireYes } from '../../steps/consent.ts';

/** What was discarded, or would be. */
export interface Discarded {
  app: string;
  target: string;
  discarded: { name: string; path: string; sizeBytes: number }[];
  /** How many stay. */
  kept: number;
}

/** What is asked for. */
export interface DiscardOrder {
  /** The one to discard; all that are old enough unless given. */
  set: string | undefined;
  /** How old, as it was typed; two weeks unless given. */
  olderThan: string | undefined;
}

/** The sets that the order means: the one that is named, whatever its age and state, else all that are older. Throws OpsError `missing` and `usage`. */
export async function setsToDiscard(
  context: JobContext,
  app: FileApp,
  target: LocatedFile,
  { set, olderThan }: DiscardOrder,
): Promise<Discarded> {
  const sets = await listUndoSets(target);
  const chosen =
    set === undefined
      ? olderOnes(sets, target.name, context.clock.now().getTime() - requireAge(olderThan))
      : [named(sets, set, olderThan)];
  return {
    app: app.name,
    target: target.path,
    discarded: chosen.map(({ name, path, sizeBytes }) => ({ name, path, sizeBytes })),
    kept: sets.length - chosen.length,
  };
}

/** Asks, unless told not to, and removes them. Called under the app's lock. Throws OpsError; what was removed by then is gone. */
export async function discardSets(
  context: JobContext,
  target: LocatedFile,
  { app, discarded }: Discarded,
  yes: boolean,
): Promise<void> {
  if (discarded.length === 0) return;
  for (const { path, sizeBytes } of discarded) context.log.info(`${app}: ${path}, ${formatBytes(sizeBytes)}`);
  await requireDiscardConsent(context, {
    what: formatCount(discarded.length, 'undo set'),
    target: target.path,
    yes,
  });
  for (const { name, path } of discarded) {
    context.signal.throwIfAborted();
    await discardUndoSet(target, name);
    context.noteLeft(`${path} was removed`);
  }
}

/** Throws what `requireYes` throws. */
export async function requireDiscardConsent(
  context: Pick<JobContext, 'confirm'>,
  { what, target, yes }: { what: string; target: string; yes: boolean },
): Promise<void> {
  if (!yes) await requireYes(context, `Remove ${what} for good?`, { act: `remove ${what} of ${target}` });
}

/** What a person reads. */
export function discardLines({ app, discarded, kept }: Discarded, would: boolean): string[] {
  const stays =
    kept === 0 ? '' : `; ${formatCount(kept, 'other', 'others')} ${kept === 1 ? 'stays' : 'stay'}`;
  if (discarded.length === 0) return [`${app}: no undo set is old enough to be removed${stays}`];
  return discarded.map(
    ({ path, sizeBytes }, index) =>
      `${app}: ${would ? 'would remove' : 'removed'} ${path}, ${formatBytes(sizeBytes)}${index === discarded.length - 1 ? stays : ''}`,
  );
}

/** In milliseconds. Throws OpsError `usage` for what is no age. */
export function requireAge(text: string | undefined): number {
  if (text === undefined) return undoAgeMsMax;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new OpsError('usage', `cannot use ${JSON.stringify(text)} as an age`, {
    hint: 'write 12h or 30d; a younger one is removed by its name',
  });
}

/** By the name, not by the record: one whose record cannot be read takes room as well. */
function olderOnes(sets: readonly UndoSet[], database: string, beforeMs: number): UndoSet[] {
  return sets.filter((set) => (undoMadeAt(database, set)?.getTime() ?? Infinity) <= beforeMs);
}

function named(sets: readonly UndoSet[], text: string, olderThan: string | undefined): UndoSet {
  if (olderThan !== undefined)
    throw new OpsError(
      'usage',
      'cannot discard by name and by age at once: give an undo set or --older-than',
    );
  const set = sets.find(({ name, path }) => name === text || path === text);
  if (set !== undefined) return set;
  throw new OpsError('missing', `cannot find the undo set ${JSON.stringify(text)}: it is not there`, {
    hint: 'restore status shows the undo sets there are',
  });
}

// Giving a database from before its name back, and letting go of those that nobody wants any more.
import { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes, formatCount } from '../../../lib/base/format.ts';
import type { PostgresApp } from '../../../lib/config/config.ts';
import { placeOf } from '../../../lib/health/postgres-target.ts';
import { discardUndo } from '../../../lib/postgres/swap/discard.ts';
import type { Place } from '../../../lib/postgres/swap/place.ts';
import { settle } from '../../../lib/postgres/swap/settle.ts';
import { undo } from '../../../lib/postgres/swap/swap.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { atServer, undoDatabasesOf } from '../../steps/server-place.ts';
import type { ListedUndoSet } from '../../steps/undo-sets.ts';
import { type Discarded, type DiscardOrder, requireAge, requireDiscardConsent } from './discard-sets.ts';
import { type Replaced, startAndProbe, whileStopped } from './replace-database.ts';

/** Puts the database from before that has this name in place; what is there becomes one from before. Throws OpsError. */
export function undoOnServer(context: JobContext, app: PostgresApp, name: string): Promise<Replaced> {
  return atServer(context, app, {
    act: 'undo the restore of',
    work: (place) => swapBack(context, app, place, name),
  });
}

/** The same at a place whose lock is ours. */
export async function swapBack(
  context: JobContext,
  app: PostgresApp,
  place: Place,
  name: string,
): Promise<Replaced> {
  const swapped = await whileStopped(context, app, {
    work: () => undo(place, name, { others: context.services(app).isNone ? 'refuse' : 'end' }),
    settle: async () => {
      await settle(place).catch((error: unknown) => {
        if (!(error instanceof OpsError)) throw error;
        context.log.error(`what the undo left could not be settled: ${error.message}`);
      });
    },
  });
  const wellness = await startAndProbe(context, app);
  await swapped.keep(); // well or not: it is what was asked for, and what it replaced is kept as well
  context.noteLeft(`${name} is in place at ${placeOf(place.target)}`);
  context.signal.throwIfAborted();
  const { undo: kept, notCarried } = swapped;
  return { undo: kept, previous: kept === undefined ? 'none' : 'whole', notCarried, ...wellness };
}

/** The one that was named, or the newest. Throws OpsError `missing`. */
export async function chosenUndo(
  context: JobContext,
  app: PostgresApp,
  name: string | undefined,
): Promise<ListedUndoSet> {
  const sets = await undoDatabasesOf(context, app);
  const found = name === undefined ? sets.find(({ usable }) => usable) : named(sets, name);
  if (found?.usable === true) return found;
  if (name !== undefined) {
    const why = found?.problem ?? 'it is not there';
    throw new OpsError('missing', `cannot find the undo set ${JSON.stringify(name)}: ${why}`, {
      hint: 'restore status shows the undo sets there are',
    });
  }
  throw new OpsError('missing', `cannot undo: no restore has left a database from before of ${app.name}`, {
    hint: 'restore list shows the backups there are',
  });
}

function named(sets: readonly ListedUndoSet[], text: string): ListedUndoSet | undefined {
  return sets.find(({ name, path }) => name === text || path === text);
}

/** Those that the order means, as `setsToDiscard` has it. */
export async function undoToDiscard(
  context: JobContext,
  app: PostgresApp,
  { set, olderThan }: DiscardOrder,
): Promise<Discarded> {
  const sets = await undoDatabasesOf(context, app);
  const before = context.clock.now().getTime() - requireAge(olderThan);
  const chosen =
    set === undefined
      ? sets.filter(({ madeAt }) => (madeAt?.getTime() ?? Infinity) <= before)
      : [await anyOf(context, app, sets, set)];
  return {
    app: app.name,
    target: placeOf(app.readTarget()),
    discarded: chosen.map(({ name, path, sizeBytes }) => ({ name, path, sizeBytes })),
    kept: sets.length - chosen.length,
  };
}

async function anyOf(context: JobContext, app: PostgresApp, sets: readonly ListedUndoSet[], set: string) {
  return named(sets, set) ?? chosenUndo(context, app, set);
}

/** Asks, unless told not to, and drops them. Called under the app's lock. Throws OpsError; what was dropped by then is gone. */
export async function discardOnServer(
  context: JobContext,
  app: PostgresApp,
  order: Discarded,
  yes: boolean,
): Promise<void> {
  const { discarded, target } = order;
  if (discarded.length === 0) return;
  for (const { path, sizeBytes } of discarded)
    context.log.info(`${app.name}: ${path}, ${formatBytes(sizeBytes)}`);
  await requireDiscardConsent(context, { what: formatCount(discarded.length, 'undo set'), target, yes });
  await atServer(context, app, {
    act: 'discard databases from before of',
    work: async (place) => {
      for (const { name, path } of discarded) {
        context.signal.throwIfAborted();
        await discardUndo(place, name);
        context.noteLeft(`${path} was removed`);
      }
    },
  });
}

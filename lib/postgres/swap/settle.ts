// After a kill, and before anything else is done at a place: which database is in place, what a run left that did not end, and the end
// of it. A kill leaves the old or the new database in place, whole, since one transaction changes both names.
import { literal, quote } from '../names.ts';
import { dropDatabase } from '../backup/make-database.ts';
import { lookAtDatabases, type PlaceLook, type UndoDatabase } from './look.ts';
import type { Place } from './place.ts';
import { formatUndoRecord } from './undo-record.ts';

/** What was found, and what was done about it. */
export type Recovery =
  /** The new database was in place, and nobody had said that it stays: it does. */
  | { readonly outcome: 'rolled-forward'; readonly replacedBy: string; readonly undo: string }
  /** What was made ready was never put in place: it was dropped, and what is in place was not touched. */
  | { readonly outcome: 'rolled-back'; readonly dropped: string }
  /** Somebody's drop of a database from before was interrupted, which leaves nothing of use: it was finished. */
  | { readonly outcome: 'dropped'; readonly dropped: string };

/** Newest first, as `settle` would find them; changes nothing. */
export function describeInterrupted(look: PlaceLook): Recovery[] {
  return [
    ...look.undo.filter(isOpen).map(({ name, record }) => ({
      ...{ outcome: 'rolled-forward' as const, replacedBy: record?.replacedBy ?? '', undo: name },
    })),
    ...droppable(look).map(({ name }) => ({ outcome: 'rolled-back' as const, dropped: name })),
    ...look.undo
      .filter(({ isBroken }) => isBroken)
      .map(({ name }) => ({ outcome: 'dropped' as const, dropped: name })),
  ];
}

/** Settles what was interrupted at the place; may itself be killed at any instant, and called again. Throws OpsError. */
export async function settle(place: Place): Promise<Recovery[]> {
  return place.ask(async (session) => {
    const look = await lookAtDatabases(session, place.name);
    const found = describeInterrupted(look);
    for (const each of found) {
      if (each.outcome !== 'rolled-forward') await dropDatabase(session, each.dropped);
      else
        await markKept(
          session,
          look.undo.find(({ name }) => name === each.undo),
        );
    }
    return found;
  });
}

async function markKept(
  session: Parameters<typeof lookAtDatabases>[0],
  undo: UndoDatabase | undefined,
): Promise<void> {
  if (undo?.record === undefined) return;
  const comment = formatUndoRecord({ ...undo.record, state: 'kept' });
  await session.run(`comment on database ${quote(undo.name)} is ${literal(comment)}`);
}

function isOpen({ record, isBroken }: UndoDatabase): boolean {
  return record?.state === 'open' && !isBroken;
}

/** Where nothing has the name, a whole one that was made ready is all that is here: it stays until another one is in place. */
function droppable({ live, left }: PlaceLook): PlaceLook['left'] {
  return left.filter(
    ({ allowsConnections, isBroken }) => live !== undefined || allowsConnections || isBroken,
  );
}

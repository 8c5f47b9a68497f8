// Databases from before that are no longer wanted.
import { OpsError } from '../../base/errors.ts';
import { dropDatabase } from '../backup/make-database.ts';
import { lookAtDatabases } from './look.ts';
import type { Place } from './place.ts';
import { requireUnused } from './readiness.ts';

/**
 * Drops one of them. Throws OpsError `missing` where it is none of this place, `refused` where somebody is connected to it, where it is
 * not ours, and where no database is in place: then it may be the last one.
 */
export async function discardUndo(place: Place, name: string): Promise<void> {
  const { act } = place;
  const { live, undo } = await place.ask((session) => lookAtDatabases(session, place.name));
  const found = undo.find((each) => each.name === name);
  if (found === undefined)
    throw new OpsError('missing', `cannot ${act}: ${name} is no database from before of ${place.name}`, {
      hint: 'restore status shows those that there are',
    });
  if (found.problem !== undefined && !found.isBroken)
    throw new OpsError('refused', `cannot ${act}: ${name} is not of Holdfast’s making: ${found.problem}`, {
      hint: 'look at it, and drop it by hand: restore status',
    });
  if (live === undefined)
    throw new OpsError(
      'refused',
      `cannot ${act}: no database is in place, and ${name} may be the last of it`,
      {
        hint: 'restore undo puts it in place, and restore run latest a backup',
      },
    );
  await requireUnused(place, [found], {
    connected: 'somebody looks at it: try again when they are done',
  });
  await place.ask((session) => dropDatabase(session, name, { ends: false }));
}

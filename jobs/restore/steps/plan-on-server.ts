// What a restore on a server would meet: found out without fetching or making anything.
import { OpsError } from '../../../lib/base/errors.ts';
import type { PostgresApp } from '../../../lib/config/config.ts';
import { placeOf } from '../../../lib/health/postgres-target.ts';
import { lookAtDatabases, type PlaceLook } from '../../../lib/postgres/swap/look.ts';
import { missingRoles } from '../../../lib/postgres/swap/missing-roles.ts';
import type { Place } from '../../../lib/postgres/swap/place.ts';
import {
  requireReplaceable,
  type Sessions,
  sessionsOf,
  sessionsWords,
} from '../../../lib/postgres/swap/readiness.ts';
import { requireFree } from '../../../lib/postgres/swap/swap.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { describeEarlier } from '../../steps/earlier-restore.ts';
import { atServer, rolesIn } from '../../steps/server-place.ts';
import {
  type Obstacle,
  planned,
  type Planned,
  plannedOf,
  type PlanOrder,
  unusableEntry,
} from './restore-plan.ts';
import { stakesOf } from './stakes.ts';

/** What there is on the server now. */
interface Seen {
  look: PlaceLook | undefined;
  sessions: Sessions[];
  obstacles: Obstacle[];
}

const nothing: Seen = { look: undefined, sessions: [], obstacles: [] };

/** As `planRestore`, of a database of a server; that it cannot be reached is an obstacle. */
export async function planOnServer(context: JobContext, order: PlanOrder<PostgresApp>): Promise<Planned> {
  const { app, entry, to } = order;
  const own = app.readTarget();
  const target = placeOf(to === undefined ? own : { ...own, database: to });
  const seen = await attempt(() =>
    atServer(context, app, { act: 'restore', database: to, work: (place) => lookAround(place, order) }),
  );
  const { look, sessions, obstacles } = seen.found ?? nothing;
  const isHeld = to === undefined && context.services(app).isNone && sessions.length > 0;
  const held = { message: `${sessionsWords(sessions)} connected`, hint: 'stop the app first' };
  return plannedOf({
    ...planned(context, order),
    target,
    currentBytes: look?.live === undefined ? undefined : (look.live.sizeBytes ?? 0),
    neededBytes: look?.live?.sizeBytes ?? entry.sizeBytes,
    freeBytes: undefined,
    ...(to === undefined
      ? {
          services: context.services(app).describe(),
          ...(sessions.length === 0 ? {} : { connected: sessionsWords(sessions) }),
          interrupted: await describeEarlier(context, app, undefined),
          stakes: await stakesOf(context, app, entry),
        }
      : {}),
    obstacles: [
      ...seen.obstacles,
      ...obstacles,
      ...(await unusableEntry(context, app, entry)),
      ...(isHeld ? [held] : []),
    ],
  });
}

async function lookAround(place: Place, { entry: { manifest }, to }: PlanOrder<PostgresApp>): Promise<Seen> {
  const look = await place.ask((session) => lookAtDatabases(session, place.name));
  const { live } = look;
  const sessions = live === undefined ? [] : await place.ask((session) => sessionsOf(session, [live]));
  const { obstacles } = await attempt(() =>
    to === undefined ? requireReplaceable(place) : requireFree(place),
  );
  const roles = await missingRoles(place, rolesIn(manifest));
  const lacking = roles.map(({ name, sql }) => ({
    message: `the server has no role ${name}, which the backup needs`,
    hint: `read this, and let a superuser run it: ${sql.join(' ')}`,
  }));
  return { look, sessions, obstacles: [...obstacles, ...lacking] };
}

async function attempt<T>(look: () => Promise<T>): Promise<{ found?: T; obstacles: Obstacle[] }> {
  try {
    return { found: await look(), obstacles: [] };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return { obstacles: [{ message: error.message, hint: error.hint }] };
  }
}

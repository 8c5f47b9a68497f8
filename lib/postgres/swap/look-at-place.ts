// A look at a place by who changes nothing: a list, a status, a plan. It waits for no lock, and a standby is looked at as well.
import { lookAtDatabases, type PlaceLook } from './look.ts';
import { apart, type PlaceOptions } from './place.ts';
import { type Sessions, sessionsOf } from './readiness.ts';

/** What there is, and who is connected to the one in place. Throws OpsError. */
export async function lookAtPlace(
  options: Pick<PlaceOptions, 'target' | 'act' | 'signal'>,
): Promise<PlaceLook & { readonly sessions: readonly Sessions[] }> {
  const { target, signal } = options;
  return apart(options, signal, async (session) => {
    const look = await lookAtDatabases(session, target.database);
    const sessions = look.live === undefined ? [] : await sessionsOf(session, [look.live]);
    return { ...look, sessions };
  });
}

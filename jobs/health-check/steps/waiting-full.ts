// A full that is sent over several nights: it waits in the state directory until all of it is in the store.
import { storedBytes } from '../../../lib/backup/stored-part.ts';
import type { GuardedApp } from '../../../lib/config/config.ts';
import type { ProbeContext } from '../../../lib/probe/probe.ts';
import { pagesState } from '../../../lib/repository/pages/pages-state.ts';
import { placeOf } from '../../../lib/repository/pages/spooled.ts';
import type { JobContext } from '../../../lib/run/context.ts';

/** Looks, and changes nothing: a run that goes on with it may be at work. */
export async function waitingFull(
  { config, log }: JobContext,
  { name }: GuardedApp,
): ReturnType<ProbeContext['waitingFull']> {
  const spooled = await pagesState(config.stateDirectory, name, log).lookAtSpools();
  const full = spooled.find(({ waitsBecause }) => waitsBecause !== undefined);
  if (full === undefined) return undefined;
  const { backup, takenAt } = full.manifest;
  return { name: backup, takenAt, sizeBytes: storedBytes(placeOf(full)) };
}

// The functions of lib/placement for a database that is named by its path: they themselves want its directory held.
import { basename, dirname } from 'node:path';
import type { Clock } from '../../lib/base/clock.ts';
import type { CommandRunner } from '../../lib/base/command.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { Log } from '../../lib/base/log.ts';
import { holdDirectory } from '../../lib/files/held-directory.ts';
import { makeScratch } from '../../lib/files/scratch.ts';
import type { SetPlace } from '../../lib/placement/database-set.ts';
import * as holders from '../../lib/placement/holders.ts';
import type { Intent } from '../../lib/placement/intent.ts';
import * as intents from '../../lib/placement/intent-file.ts';
import type { MergeSet, Workshop } from '../../lib/placement/merge.ts';
import type { OpenPlacement } from '../../lib/placement/open-placement.ts';
import { holdOwnDirectory } from '../../lib/placement/own.ts';
import * as placing from '../../lib/placement/place.ts';
import * as new_ from '../../lib/placement/place-new.ts';
import * as undoing from '../../lib/placement/prepare-undo.ts';
import * as readiness from '../../lib/placement/readiness.ts';
import * as recovery from '../../lib/placement/recovery.ts';
import * as stagings from '../../lib/placement/staging.ts';
import * as undoSets from '../../lib/placement/undo-list.ts';
import { systemClock } from '../../lib/base/clock.ts';

type Staging = stagings.Staging;

/** Held as long as the process lives, as a command holds it while it works. */
async function placeOf(path: string): Promise<SetPlace> {
  return { directory: await holdDirectory(dirname(path)), name: basename(path) };
}

/** Scratch two levels above the database, where the tests that kill remove everything. */
function workshopOf(target: string, merge: MergeSet): Workshop {
  return { scratch: () => makeScratch(dirname(dirname(target)), { clock: systemClock }), merge };
}

type Request = Omit<placing.PlacementRequest, 'target' | 'workshop'> & { target: string; merge: MergeSet };
type Context = { clock: Clock; log: Log; runCommand?: CommandRunner };

/** A machine without the programs that know access control lists; what they find has tests of its own. */
const noPrograms: CommandRunner = async (command) => {
  throw new OpsError('missing', `cannot run ${command}: it is not installed`);
};

export async function place({ target, merge, ...rest }: Request, context: Context): Promise<OpenPlacement> {
  const request = { ...rest, target: await placeOf(target), workshop: workshopOf(target, merge) };
  return placing.place(request, { runCommand: noPrograms, ...context });
}

export async function placeNew(staged: Staging, target: string): Promise<void> {
  await new_.placeNew(staged, await placeOf(target));
}

export async function makeStaging(target: string): Promise<Staging> {
  return stagings.makeStaging(await placeOf(target));
}

export async function prepareUndo(
  target: string,
  set: undoSets.UsableUndoSet,
  staging: Staging,
  merge: MergeSet,
): Promise<string> {
  await undoing.prepareUndo(await placeOf(target), set, staging, workshopOf(target, merge));
  return staging.path;
}

export async function listUndoSets(target: string): Promise<undoSets.UndoSet[]> {
  return undoSets.listUndoSets(await placeOf(target));
}

export async function describeInterrupted(target: string): Promise<recovery.Interruption | undefined> {
  return recovery.describeInterrupted(await placeOf(target));
}

export async function settleInterrupted(
  target: string,
  context: Context,
  startServices: () => Promise<void>,
): Promise<recovery.Recovery | undefined> {
  return recovery.settleInterrupted(await placeOf(target), context, startServices);
}

export async function removeLeftStaging(target: string, log: Log): Promise<string[]> {
  return recovery.removeLeftStaging(await placeOf(target), log);
}

export async function readIntent(target: string): Promise<Intent | undefined> {
  return intents.readIntent(await placeOf(target));
}

export async function writeIntent(target: string, intent: Intent): Promise<void> {
  const place = await placeOf(target);
  const directory = await holdOwnDirectory(place.directory, intent.staging);
  await intents.writeIntent(place, { directory }, intent);
}

export async function findHolders(target: string): Promise<holders.Holders> {
  return holders.findHolders(await placeOf(target));
}

export async function requireNoHolders(target: string, log: Log): Promise<void> {
  await readiness.requireNoHolders(await placeOf(target), log);
}

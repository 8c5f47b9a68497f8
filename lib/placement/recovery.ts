// After a kill: which database is in place, and what is left to do (R6). Nothing in place is ever changed here, so
// recovery may itself be killed at any instant and be run again.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { OpsError, errorMessage } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { currentProcess, processState } from '../files/process-identity.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import { type DatabaseSet, inspectSet, memberPath, type SetPlace } from './database-set.ts';
import { isSameFile } from './file-mark.ts';
import type { Intent, Phase } from './intent.ts';
import { abandonIntent, endPlacement, namedStagings, readIntent } from './intent-file.ts';
import { isStagingName } from './names.ts';
import { removeOwnDirectory } from './own.ts';
import { removeLeftover } from './staging.ts';
import { withdrawUndo } from './undo-set.ts';
import { wrapped } from './wrapped.ts';

/** A placement that was begun and not completed. */
export interface Interruption {
  /** `placed` as soon as the new database is in place, also when the intent does not say so yet. */
  phase: Phase;
  /**
   * `old`: what was in place at the start, in its own file or in the one that equals it, or still nothing.
   * `new`: what was to be placed. `other`: neither; somebody replaced or removed it since.
   */
  inPlace: 'old' | 'new' | 'other';
  intent: Intent;
}

/** What was found, and what was done about it. */
export type Recovery =
  | {
      outcome: 'rolled-back';
      intent: Intent;
      /** Its path. Withdrawn, but not told to be superfluous. */ keptUndo?: string;
    }
  | { outcome: 'rolled-forward'; intent: Intent }
  | { outcome: 'abandoned'; intent: Intent; /** Where the intent lies now. */ keptIntent: string };

/** Tells which database is in place when a placement on `target` is under way; undefined when none is. */
export async function describeInterrupted(target: SetPlace): Promise<Interruption | undefined> {
  const intent = await readIntent(target);
  if (intent === undefined) return undefined;
  const inPlace = tellInPlace(intent, await inspectSet(target));
  return { phase: inPlace === 'new' ? 'placed' : intent.phase, inPlace, intent };
}

/**
 * Settles what an interrupted placement left at `target`: what is in place stays there, what is not needed for it goes,
 * then `startServices` is called, and only then the intent goes, so that a kill before that is not forgotten. The
 * services are started also when there is no intent: whoever stopped them may have been killed before writing one.
 * Returns what was found, undefined when there was no intent. When anything throws, the intent stays, and this may be
 * called again.
 *
 * Throws OpsError `busy` when the process that began still runs, `damaged` when the intent cannot be read, and what
 * `startServices` throws.
 */
export async function settleInterrupted(
  target: SetPlace,
  context: { clock: Clock; log: Log },
  startServices: () => Promise<void>,
): Promise<Recovery | undefined> {
  return inKnownPaths(async () => {
    const recovery = await recover(target, context);
    await startServices();
    if (recovery !== undefined && recovery.outcome !== 'abandoned')
      await endPlacement(target, recovery.intent);
    return recovery;
  });
}

/**
 * Removes the staging directories that killed runs left beside `target`, and returns their paths. One that an
 * intent names is kept, also when the intent was given up; what is not ours is left alone. The caller holds the lock: nobody else is making one.
 */
export async function removeLeftStaging(target: SetPlace, log: Log): Promise<string[]> {
  const { directory } = target;
  const removed: string[] = [];
  for (const name of await leftStaging(target)) {
    const path = join(directory.path, name);
    try {
      await removeLeftover(target, name);
      removed.push(path);
    } catch (error) {
      // Somebody else's, or planted: it costs space, and the work that asked can go on.
      log.warn('left alone what has the name of a staging directory', { path, cause: errorMessage(error) });
    }
  }
  return removed;
}

/** The names of the staging directories that no intent beside `target` names. */
export async function leftStaging(target: SetPlace): Promise<string[]> {
  const { directory, name: database } = target;
  const names = await wrapped(`list ${directory.path}`, () => directory.names());
  const kept = await namedStagings(target);
  return names.filter((name) => isStagingName(database, name) && !kept.has(name));
}

/** Settles the files: what stays of the intent is all that is left to do, except when it no longer fits. */
async function recover(
  target: SetPlace,
  { clock, log }: { clock: Clock; log: Log },
): Promise<Recovery | undefined> {
  const interruption = await describeInterrupted(target);
  if (interruption === undefined) return undefined;
  const { inPlace, intent } = interruption;
  requireEnded(intent);
  const path = memberPath(target);
  // What was seen must also be what is there after a power cut, before anything is removed because of it.
  await target.directory.sync();
  switch (inPlace) {
    case 'old':
      return rollBack(target, intent, log);
    case 'new':
      log.info('the new database is in place', { path, backup: intent.backup });
      return { outcome: 'rolled-forward', intent };
    case 'other': {
      const keptIntent = await abandonIntent(target, clock.now());
      log.warn('neither the old nor the new database is in place; everything is kept', { path });
      return { outcome: 'abandoned', intent, keptIntent };
    }
  }
}

function tellInPlace(intent: Intent, found: DatabaseSet): Interruption['inPlace'] {
  const database = found.get('');
  if (database === undefined) return intent.old.has('') ? 'other' : 'old';
  if (isSameFile(database, intent.new)) return 'new';
  const isOld = isSameFile(database, intent.old.get('')) || isSameFile(database, intent.merged);
  return isOld ? 'old' : 'other';
}

async function rollBack(target: SetPlace, intent: Intent, log: Log): Promise<Recovery> {
  const { staging, undo } = intent;
  const path = memberPath(target);
  await removeLeftover(target, staging);
  if (undo === undefined) return { outcome: 'rolled-back', intent };
  const inPlace = await inspectSet(target);
  if (!holdsNothingElse(intent, inPlace) && (await withdrawUndo(target, undo, inPlace))) {
    const keptUndo = join(target.directory.path, undo);
    log.info('the old database is in place; its undo set is kept', { path, undo: keptUndo });
    return { outcome: 'rolled-back', intent, keptUndo };
  }
  await removeOwnDirectory(target.directory, undo);
  await target.directory.sync();
  log.info('the old database is in place, as it was', { path });
  return { outcome: 'rolled-back', intent };
}

/** Whether every file of the old set that held anything is still in place, so that the undo set adds nothing. */
function holdsNothingElse(intent: Intent, found: DatabaseSet): boolean {
  return [...intent.old].every(
    ([suffix, mark]) => suffix === '-shm' || mark.sizeBytes === 0n || isSameFile(found.get(suffix), mark),
  );
}

function requireEnded({ startedBy, target }: Intent): void {
  const own = currentProcess();
  const isOwn = startedBy.pid === own.pid && startedBy.startTicks === own.startTicks;
  if (isOwn || processState(startedBy, own) !== 'alive') return;
  throw new OpsError('busy', `cannot recover ${target}: process ${startedBy.pid} is still replacing it`, {
    hint: `wait for it to end; ps -p ${startedBy.pid} shows it`,
  });
}

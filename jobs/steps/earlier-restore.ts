// What an earlier restore left unsettled, and who may be at work on it: looked at, and not touched.
import { join } from 'node:path';
import { type GuardedApp, isFileApp } from '../../lib/config/config.ts';
import { NoAnswer } from '../../lib/files/answering-mounts.ts';
import { locateFile, type LocatedFile } from '../../lib/files/locate-file.ts';
import { lockHolder } from '../../lib/lock/owner.ts';
import { missingDirectory } from '../../lib/placement/missing-directory.ts';
import { describeInterrupted, leftStaging } from '../../lib/placement/recovery.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { AppFinding } from './each-app.ts';
import { hasRestoringNote } from './restoring-note.ts';

/** What was found of it. */
export interface EarlierRestore {
  /** What an interrupted restore left, in sentences. */
  interrupted: string[];
  /** Who works on the app now. */
  holder: string | undefined;
}

/**
 * Where a database lies; undefined where its directory is gone, or on a mount that does not answer: both are what a
 * command is asked about that only looks.
 */
export async function locateIfReached(database: string): Promise<LocatedFile | undefined> {
  try {
    return (await missingDirectory(database)) === undefined ? await locateFile(database) : undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

/** As far as it can be seen. Throws OpsError where nobody can tell. */
export async function lookForEarlier(context: JobContext, app: GuardedApp): Promise<EarlierRestore> {
  using target = isFileApp(app) ? await locateIfReached(app.database) : undefined;
  const holder = await holderOf(context, app);
  return {
    holder,
    interrupted: await describeEarlier(context, app, target, { atWork: holder !== undefined }),
  };
}

/** Bad news, unless somebody is at work on it. */
export function interruptedFindings(
  { interrupted: [first], holder }: EarlierRestore,
  app: string,
): AppFinding[] {
  if (first === undefined || holder !== undefined) return [];
  return [{ severity: 'critical', message: first, hint: `restore undo --discard --app ${app}` }];
}

/**
 * What an interrupted restore left, in sentences, without touching it; `target` is undefined where its directory is gone,
 * `atWork` where a restore may be at work right now.
 */
export async function describeEarlier(
  context: JobContext,
  app: GuardedApp,
  target: LocatedFile | undefined,
  { atWork = false }: { atWork?: boolean } = {},
): Promise<string[]> {
  const interruption = target === undefined ? undefined : await describeInterrupted(target);
  const said: string[] = [];
  if (interruption !== undefined) {
    const { inPlace, intent } = interruption;
    const which = { old: 'the OLD database is in place, whole', new: 'the NEW database is in place, whole' };
    said.push(
      `a restore of ${intent.backup} was interrupted: ` +
        (inPlace === 'other' ? 'neither the old nor the new database is in place' : which[inPlace]),
    );
  }
  for (const name of target === undefined || atWork ? [] : await leftStaging(target))
    said.push(`a restore that was killed left ${join(target?.directory.path ?? '', name)}`);
  if (app.engine === 'postgres' && !atWork)
    said.push(...(await (await import('./server-place.ts')).interruptedOnServer(context, app)));
  if (await hasRestoringNote(context, app))
    said.push(`its services may be stopped: ${context.services(app).describe()}`);
  if (said.length > 0)
    said.push(
      `restore undo --discard --app ${app.name} settles this and nothing else; restore run and restore undo do so first`,
    );
  return said;
}

async function holderOf({ config }: JobContext, app: GuardedApp): Promise<string | undefined> {
  const holder = await lockHolder(`${config.runDirectory}/locks`, app.name);
  return holder === undefined ? undefined : `${holder.purpose} (process ${holder.pid})`;
}

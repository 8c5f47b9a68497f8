// The database of an app on a server, and those that it was replaced from: reached, looked at, and what is said of them.
import type { Manifest } from '../../lib/backup/manifest.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { PostgresApp } from '../../lib/config/config.ts';
import { placeOf } from '../../lib/health/postgres-target.ts';
import { lookAtDatabases, type PlaceLook, type UndoDatabase } from '../../lib/postgres/swap/look.ts';
import { apart, type Place, type PlaceOptions, withPlace } from '../../lib/postgres/swap/place.ts';
import { describeInterrupted, type Recovery } from '../../lib/postgres/swap/settle.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { ListedUndoSet } from './undo-sets.ts';

/** What `work` makes of the place, under its lock. `act` is said in errors: `restore`, `undo`. Throws what `withPlace` does. */
export function atServer<T>(
  context: JobContext,
  app: PostgresApp,
  { act, database, work }: { act: string; database?: string | undefined; work: (place: Place) => Promise<T> },
): Promise<T> {
  return withPlace(optionsOf(context, app, act, database), work);
}

function optionsOf(
  { runCommand: run, clock, log, signal }: JobContext,
  app: PostgresApp,
  act: string,
  database?: string,
): PlaceOptions {
  const own = app.readTarget();
  const target = database === undefined ? own : { ...own, database, readPassword: () => own.readPassword() };
  return { target, run, clock, log, signal, act: `${act} ${placeOf(target)}` };
}

/** A look without the lock: a restore may be at work meanwhile. Throws OpsError where the server lets nobody look. */
export function lookAtServer(context: JobContext, app: PostgresApp): Promise<PlaceLook> {
  const options = optionsOf(context, app, 'look at');
  return apart(options, context.signal, (session) => lookAtDatabases(session, options.target.database));
}

/** The databases from before, as undo sets; none where the server does not say. */
export async function undoDatabasesOf(context: JobContext, app: PostgresApp): Promise<ListedUndoSet[]> {
  const look = await lookIfReached(context, app);
  if (look === undefined) return []; // nor can its address be read, perhaps
  const target = app.readTarget();
  return look.undo.map((undo) => listed(undo, placeOf({ ...target, database: undo.name })));
}

/** What an interrupted restore has left on the server, in sentences; none where it does not say. */
export async function interruptedOnServer(context: JobContext, app: PostgresApp): Promise<string[]> {
  const look = await lookIfReached(context, app);
  return look === undefined ? [] : describeInterrupted(look).map(interruptedWords);
}

async function lookIfReached(context: JobContext, app: PostgresApp): Promise<PlaceLook | undefined> {
  try {
    return await lookAtServer(context, app);
  } catch (error) {
    // That it cannot be reached is said of the database itself.
    if (!(error instanceof OpsError) || context.signal.aborted) throw error;
    return undefined;
  }
}

/** The statements that make the roles which a backup needs; none where nothing says so. */
export function rolesIn(manifest: Manifest | undefined): readonly string[] {
  return manifest?.engine === 'postgres' ? (manifest.roles ?? []) : [];
}

function interruptedWords(recovery: Recovery): string {
  switch (recovery.outcome) {
    case 'rolled-forward':
      return `a restore of ${recovery.replacedBy} was interrupted: the NEW database is in place, whole`;
    case 'rolled-back':
      return `a restore was interrupted before it replaced anything, and left the database ${recovery.dropped}`;
    case 'dropped':
      return `${recovery.dropped} was being dropped, and is of no use any more`;
  }
}

/** What was done about it. */
export function recoveredWords(recovery: Recovery): string {
  const earlier = 'an earlier restore';
  switch (recovery.outcome) {
    case 'rolled-forward':
      return `${earlier} of ${recovery.replacedBy} was interrupted: the NEW database is in place, whole; it was finished`;
    case 'rolled-back':
      return `${earlier} was interrupted before it replaced anything; what it had made ready was dropped: ${recovery.dropped}`;
    case 'dropped':
      return `${recovery.dropped}, which somebody had begun to drop, is gone`;
  }
}

function listed({ name, sizeBytes = 0, madeAt, record, problem }: UndoDatabase, path: string): ListedUndoSet {
  return {
    ...{ name, path, sizeBytes, usable: problem === undefined, problem, madeAt },
    replacedBy: record?.replacedBy ?? 'somebody',
    state: record?.state ?? 'kept',
    changed: false,
  };
}

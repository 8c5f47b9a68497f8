// Putting a database that is ready in the place of the one that is there, which is kept under another name; and the way back.
import { OpsError } from '../../base/errors.ts';
import type { BackupSession } from '../backup/session.ts';
import { literal, quote } from '../names.ts';
import { exchange } from './exchange.ts';
import { lookAtDatabases, type PlaceLook, type ServerDatabase, type UndoDatabase } from './look.ts';
import { undoName } from './names.ts';
import { apart, type Place } from './place.ts';
import type { PreparedDatabase } from './prepare-new.ts';
import { requireReplaceable, requireUnused, type Sessions, sessionsOf } from './readiness.ts';
import { formatUndoRecord, ownComment } from './undo-record.ts';

export interface SwapOptions {
  /** What the new database comes from: the name of a backup. */
  readonly replacedBy: string;
  /** Who is connected is a reason not to replace it, or is ended: where the services of the app were stopped, or a person says so. */
  readonly others: 'refuse' | 'end';
  /** What helps where others are connected and not to be ended. */
  readonly connectedHint?: string | undefined;
}

/** The new database has the name. */
export interface Swapped {
  /** The database from before; undefined where there was none. */
  readonly undo: string | undefined;
  /** What could not be given to the new one, a few words each. */
  readonly notCarried: readonly string[];
  /** What the new one was given as it was on the server, and not as in the backup. */
  readonly differences: readonly string[];
  /** Who was connected, and was ended. */
  readonly ended: readonly Sessions[];
  /** It stays. Until then the next run says that it was interrupted. */
  keep(): Promise<void>;
}

/**
 * Gives `ready` the name of the place, in one transaction with the change of the old one's name. It gets the owner, rights, settings,
 * connection limit and comment of the database that was there; where none was, it has those of its backup. Throws OpsError; then
 * what was in place still is.
 */
export async function swap(place: Place, ready: PreparedDatabase, options: SwapOptions): Promise<Swapped> {
  await requireReplaceable(place);
  const look = await place.ask((session) => lookAtDatabases(session, place.name));
  return replace(place, look, { ...options, candidate: ready, outfit: 'of the one in place' });
}

/** A new database under a name that none has. Throws OpsError `refused` where one has it. */
export async function placeNew(place: Place, ready: PreparedDatabase): Promise<void> {
  await requireFree(place);
  const look = await place.ask((session) => lookAtDatabases(session, place.name));
  const order = {
    candidate: ready,
    outfit: 'of the one in place' as const,
    replacedBy: '',
    others: 'refuse' as const,
  };
  await replace(place, look, order);
}

/** Throws OpsError `refused` where a database has the name: worth asking before anything is fetched. */
export async function requireFree({ name, act, ask }: Place): Promise<void> {
  const { rows } = await ask((session) => session.run('select from pg_database where datname = $1', [name]));
  if (rows.length === 0) return;
  throw new OpsError('refused', `cannot ${act}: the database ${name} exists already`, {
    hint: 'give a name that no database has',
  });
}

/** Gives a database from before its name back; what is there becomes one from before itself. Throws OpsError as `swap` does, and `missing`. */
export async function undo(
  place: Place,
  name: string,
  options: Omit<SwapOptions, 'replacedBy'>,
): Promise<Swapped> {
  await requireReplaceable(place);
  const look = await place.ask((session) => lookAtDatabases(session, place.name));
  const chosen = requireUsable(place, look, name);
  const outfit = { comment: ownComment(chosen.comment) };
  return replace(place, look, { ...options, candidate: chosen, outfit, replacedBy: name });
}

function requireUsable({ act }: Place, { undo: all }: PlaceLook, name: string): UndoDatabase {
  const found = all.find((each) => each.name === name);
  if (found !== undefined && found.problem === undefined) return found;
  throw new OpsError('missing', `cannot ${act} with ${name}: ${found?.problem ?? 'it is not there'}`, {
    hint: 'restore status shows the databases from before that there are',
  });
}

interface Replacement extends SwapOptions {
  readonly candidate: Pick<ServerDatabase, 'oid' | 'name'>;
  readonly outfit: Parameters<typeof exchange>[1]['outfit'];
}

async function replace(place: Place, look: PlaceLook, order: Replacement): Promise<Swapped> {
  const { live } = look;
  const { candidate, outfit, others, replacedBy, connectedHint } = order;
  const isUndo = outfit !== 'of the one in place';
  const used = [...(live === undefined ? [] : [live]), ...(isUndo ? [candidate] : [])];
  if (others === 'refuse') await requireUnused(place, used, { connected: connectedHint });
  const ended = await place.ask((session) => sessionsOf(session, used));
  const now = place.clock.now();
  const record = {
    live: place.name,
    replacedBy,
    madeAt: now,
    state: 'open',
    comment: live?.comment,
  } as const;
  const undoAs = nextUndoName(place, look, now);
  const report = await exchange(place, {
    ...{ candidate, live, outfit, ends: others === 'end' },
    undo: { name: undoAs, record },
  });
  const undoIs = live === undefined ? undefined : undoAs;
  place.log.info('the new database is in place', { database: place.name, undo: undoIs });
  return {
    undo: undoIs,
    ...report,
    ended,
    keep: async () => {
      if (undoIs !== undefined) await noteKept(place, undoIs, formatUndoRecord({ ...record, state: 'kept' }));
    },
  };
}

/** Where the connection was lost meanwhile, by another one. */
async function noteKept(place: Place, name: string, comment: string): Promise<void> {
  const note = (session: BackupSession) =>
    session.run(`comment on database ${quote(name)} is ${literal(comment)}`);
  try {
    await place.ask(note);
  } catch {
    await apart(place, AbortSignal.timeout(noteMsMax), note);
  }
}

const noteMsMax = 30_000;

function nextUndoName({ name }: Place, { undo: all }: PlaceLook, now: Date): string {
  const taken = new Set(all.map((each) => each.name));
  let ordinal = 1;
  while (taken.has(undoName(name, now, ordinal))) ordinal += 1;
  return undoName(name, now, ordinal);
}

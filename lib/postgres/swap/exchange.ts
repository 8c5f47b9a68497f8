// One transaction in which two databases change their names: at every instant, and after every kill, the name is that of a whole
// database, the old one or the new one, and whoever connects meanwhile waits for the end of it. PostgreSQL renames in a transaction
// like everything else; what holds it open without us ends by limits of its own.
import { setTimeout as pause } from 'node:timers/promises';
import { OpsError } from '../../base/errors.ts';
import { literal, quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import type { BackupSession } from '../backup/session.ts';
import { apart, type Place } from './place.ts';
import type { ServerDatabase } from './look.ts';
import { carryOutfit, type OutfitReport } from './outfit.ts';
import { sessionsOf, usedError } from './readiness.ts';
import { endSessions, whileEnding } from './sessions.ts';
import { formatUndoRecord, type UndoRecord } from './undo-record.ts';

/** What takes the name, and from which. */
export interface Exchange {
  readonly candidate: Pick<ServerDatabase, 'oid' | 'name'>;
  /** The database that has the name; undefined where none has. */
  readonly live: Pick<ServerDatabase, 'oid' | 'allowsConnections'> | undefined;
  /** What that one is called afterwards, and what is said of it. */
  readonly undo: { readonly name: string; readonly record: UndoRecord };
  /** Of the candidate: that of the database in place, or its own with this comment. */
  readonly outfit: 'of the one in place' | { readonly comment: string | undefined };
  /** Whether who is connected is ended; else that is a reason not to. */
  readonly ends: boolean;
}

/** Who connects meanwhile waits, for as long as a lock is waited for, and whatever becomes of us for no longer than the others say. */
const limits = (lockWaitMs: number) =>
  [
    `set local lock_timeout = ${lockWaitMs}`,
    `set local statement_timeout = ${lockWaitMs + 20_000}`,
    `set local idle_in_transaction_session_timeout = '20s'`,
    // On our disk before it is told, and without waiting for a standby that may be away.
    'set local synchronous_commit = local',
  ].join('; ');

const lockWaitMsUsual = 10_000;
const usedAttemptsMax = 3;
const fullAttemptsMax = 40;
const betweenAttemptsMs = 50;
/** A server may have to recover. */
const looksMax = 120;
const lookEveryMs = 500;

/**
 * Gives the candidate the name. Once begun it is not given up: told to stop, it ends first. Throws OpsError; then the one that had the
 * name still has it, except `unavailable` with the words that nobody knows.
 */
export async function exchange(place: Place, order: Exchange): Promise<OutfitReport> {
  place.signal.throwIfAborted();
  const ended = [order.candidate.oid, ...(order.ends && order.live !== undefined ? [order.live.oid] : [])];
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Whoever fills the server comes again and again: those who are gone leave their places to us.
      const stays = await place.ask((session) => endSessions(session, ended));
      if (stays) throw await usedBy(place, order, undefined);
      return await place.commit((session) => exchangeIn(session, place, order, ended));
    } catch (error) {
      const isUsed = error instanceof OpsError && sqlState(error.cause) === '55006';
      const isFull = error instanceof OpsError && sqlState(error.cause) === '53300';
      const attemptsMax = isUsed ? usedAttemptsMax : isFull ? fullAttemptsMax : 0;
      if (order.ends && attempt < attemptsMax) {
        await pause(betweenAttemptsMs);
        continue;
      }
      throw isUsed ? await usedBy(place, order, error) : error;
    }
  }
}

async function exchangeIn(
  session: BackupSession,
  place: Place,
  order: Exchange,
  ended: readonly string[],
): Promise<OutfitReport> {
  const { name } = place;
  const { candidate, live, undo } = order;
  const bounded = limits(place.lockWaitMs ?? lockWaitMsUsual);
  const begun = await session.run(
    `begin isolation level read committed; ${bounded}; select pg_current_xact_id()::text`,
  );
  const id = begun.rows[0]?.[0] ?? '';
  try {
    await requireSame(session, place, { candidate, live });
    const report = await dress(session, order);
    await whileEnding(place, ended, async () => {
      if (live !== undefined) {
        await session.run(`alter database ${quote(name)} rename to ${quote(undo.name)}`);
        await session.run(
          `comment on database ${quote(undo.name)} is ${literal(formatUndoRecord(undo.record))}`,
        );
      }
      await session.run(`alter database ${quote(candidate.name)} rename to ${quote(name)}`);
    });
    await commit(session, place, { id, candidate });
    return report;
  } catch (error) {
    if (session.isOpen) await session.run('rollback').catch(() => undefined);
    throw error;
  }
}

/** Gives the candidate what goes with the name, and lets people in again. */
async function dress(session: BackupSession, { candidate, live, outfit }: Exchange): Promise<OutfitReport> {
  const name = quote(candidate.name);
  if (outfit !== 'of the one in place') {
    await session.run(`comment on database ${name} is ${commentOf(outfit.comment)}`);
    return { differences: [], notCarried: [] };
  }
  const report =
    live === undefined
      ? { differences: [], notCarried: [] }
      : await carryOutfit(session, live.oid, candidate);
  await session.run(`alter database ${name} allow_connections ${live?.allowsConnections ?? true}`);
  return report;
}

/** Somebody else may have moved one of them since it was looked at. */
async function requireSame(
  session: BackupSession,
  { name, act }: Place,
  { candidate, live }: Pick<Exchange, 'candidate' | 'live'>,
): Promise<void> {
  const { rows } = await session.run('select oid::text, datname from pg_database where datname in ($1, $2)', [
    name,
    candidate.name,
  ]);
  const found = new Map(rows.map(([oid, each]) => [each, oid]));
  if (found.get(name) === live?.oid && found.get(candidate.name) === candidate.oid) return;
  throw new OpsError('refused', `cannot ${act}: the databases of the server are others than a moment ago`, {
    hint: 'somebody moves them as well; restore status shows what is there',
  });
}

/** A reply that is lost is asked for, as soon as the server is there again: the name is that of the candidate, or not. */
async function commit(
  session: BackupSession,
  place: Place,
  { id, candidate }: { id: string; candidate: Exchange['candidate'] },
): Promise<void> {
  const { act } = place;
  let lost: unknown;
  try {
    const { command } = await session.run('commit');
    if (command !== 'COMMIT') throw new Error(`a transaction that failed was to be committed: ${command}`);
    return;
  } catch (error) {
    if (session.isOpen && sqlState(error)?.startsWith('57P') !== true) throw error;
    lost = error;
  }
  place.log.warn(
    'the connection was lost while the databases changed their names; asking what became of it',
    {
      database: place.name,
    },
  );
  for (let look = 0; look < looksMax; look += 1) {
    const outcome = await outcomeOf(place, id, candidate);
    if (outcome === 'in place') return;
    if (outcome === 'not in place')
      throw new OpsError(
        'unavailable',
        `cannot ${act}: the server went; the database from before is in place`,
        {
          cause: lost,
          hint: 'look whether the server runs, and try again',
        },
      );
    await pause(Math.min(lookEveryMs, 10 * 2 ** look));
  }
  throw new OpsError(
    'unavailable',
    `cannot ${act}: the server went while it was told to, and is not back: whether the new database is in place is not known`,
    { cause: lost, hint: 'restore status says so, once the server runs' },
  );
}

/**
 * Undefined where it is not known yet. The number of the transaction says only whether somebody is still at it: a server that
 * crashed may have forgotten it, and give it to another.
 */
async function outcomeOf(
  place: Place,
  id: string,
  { oid }: Exchange['candidate'],
): Promise<'in place' | 'not in place' | undefined> {
  try {
    return await apart(place, AbortSignal.timeout(lookEveryMs * 20), async (session) => {
      const isUnderWay = await isInProgress(session, id);
      const { rows } = await session.run('select datname from pg_database where oid = $1::oid', [oid]);
      if (rows[0]?.[0] === place.name) return 'in place';
      return isUnderWay ? undefined : 'not in place';
    });
  } catch {
    return undefined;
  }
}

async function isInProgress(session: BackupSession, id: string): Promise<boolean> {
  try {
    const { rows } = await session.run('select pg_xact_status($1::xid8)', [id]);
    return rows[0]?.[0] === 'in progress';
  } catch (error) {
    // It lies in the future: the server has never heard of it.
    if (sqlState(error) === '22023') return false;
    throw error;
  }
}

async function usedBy(place: Place, { candidate, live }: Exchange, cause: unknown): Promise<OpsError> {
  const databases = [candidate, ...(live === undefined ? [] : [{ oid: live.oid, name: place.name }])];
  const found = await place.ask((session) => sessionsOf(session, databases)).catch(() => []);
  return usedError(place, databases.slice(-1), { found, cause });
}

function commentOf(comment: string | undefined): string {
  return comment === undefined ? 'null' : literal(comment);
}

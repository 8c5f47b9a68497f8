// One transaction in which two databases change their names: at every instant, and after every kill, the name is that of a whole
// database, the old one or the new one, and whoever connects meanwhile waits for the end of it. PostgreSQL renames in a transaction
// like everything else; what holds it open without us ends by limits of its own.
import { setTimeout as pause } from 'node:timers/promises';
import { OpsError } from '../../base/errors.ts';
import { literal, quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import type { BackupSession } from '../backup/session.ts';
import { apart, type Place } from './place.ts';
import { carryOutfit, type OutfitReport } from './outfit.ts';
import { sessionsOf, sessionsWords } from './readiness.ts';
import { endSessions, whileEnding } from './sessions.ts';
import { whoIsIn } from './trouble.ts';
import { formatUndoRecord, type UndoRecord } from './undo-record.ts';

/** What takes the name, and from which. */
export interface Exchange {
  readonly candidate: { readonly oid: string; readonly name: string };
  /** The database that has the name; undefined where none has. */
  readonly live: { readonly oid: string } | undefined;
  /** What that one is called afterwards, and what is said of it. */
  readonly undo: { readonly name: string; readonly record: UndoRecord };
  /** Of the candidate: that of the database in place, or its own with this comment. */
  readonly outfit: 'of the one in place' | { readonly comment: string | undefined };
  /** Whether who is connected is ended; else that is a reason not to. */
  readonly ends: boolean;
}

const limits = [
  `set local lock_timeout = '10s'`,
  `set local statement_timeout = '30s'`,
  // Whatever becomes of us, nobody waits for longer.
  `set local idle_in_transaction_session_timeout = '20s'`,
  'set local synchronous_commit = on',
].join('; ');

const attemptsMax = 3;
const exchangeMsMax = 120_000;
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
      await place.ask((session) => endSessions(session, ended));
      return await apart(place, AbortSignal.timeout(exchangeMsMax), (session) =>
        exchangeIn(session, place, order, ended),
      );
    } catch (error) {
      const isUsed = error instanceof OpsError && sqlState(error.cause) === '55006';
      const isFull = error instanceof OpsError && sqlState(error.cause) === '53300';
      if ((isUsed || isFull) && order.ends && attempt < attemptsMax) continue;
      throw isUsed ? await usedBy(place, order, error) : error;
    }
  }
}

async function exchangeIn(
  session: BackupSession,
  place: Place,
  { candidate, live, undo, outfit }: Exchange,
  ended: readonly string[],
): Promise<OutfitReport> {
  const { name } = place;
  const begun = await session.run(
    `begin isolation level read committed; ${limits}; select pg_current_xact_id()::text`,
  );
  const id = begun.rows[0]?.[0] ?? '';
  try {
    await requireSame(session, place, { candidate, live });
    const report =
      outfit === 'of the one in place' && live !== undefined
        ? await carryOutfit(session, live.oid, candidate)
        : { differences: [], notCarried: [] };
    const own = outfit === 'of the one in place' ? undefined : outfit;
    if (own !== undefined)
      await session.run(`comment on database ${quote(candidate.name)} is ${commentOf(own.comment)}`);
    await session.run(`alter database ${quote(candidate.name)} allow_connections true`);
    await whileEndingIf(place, ended, async () => {
      if (live !== undefined) {
        await session.run(`alter database ${quote(name)} rename to ${quote(undo.name)}`);
        await session.run(
          `comment on database ${quote(undo.name)} is ${literal(formatUndoRecord(undo.record))}`,
        );
      }
      await session.run(`alter database ${quote(candidate.name)} rename to ${quote(name)}`);
    });
    await commit(session, place, id);
    return report;
  } catch (error) {
    if (session.isOpen) await session.run('rollback').catch(() => undefined);
    throw error;
  }
}

async function whileEndingIf(
  place: Place,
  ended: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  await place.ask((session) => whileEnding(session, ended, work));
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

/** A reply that is lost is asked for: the server knows what became of the transaction, as soon as it is there again. */
async function commit(session: BackupSession, place: Place, id: string): Promise<void> {
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
    const status = await statusOf(place, id);
    if (status === 'committed') return;
    if (status === 'aborted')
      throw new OpsError(
        'unavailable',
        `cannot ${act}: the server went; the database from before is in place`,
        {
          cause: lost,
          hint: 'look whether the server runs, and try again',
        },
      );
    await pause(lookEveryMs);
  }
  throw new OpsError(
    'unavailable',
    `cannot ${act}: the server went while it was told to, and is not back: whether the new database is in place is not known`,
    { cause: lost, hint: 'restore status says so, once the server runs' },
  );
}

async function statusOf(place: Place, id: string): Promise<string | null | undefined> {
  try {
    return await apart(place, AbortSignal.timeout(lookEveryMs * 20), async (session) => {
      const { rows } = await session.run('select pg_xact_status($1::xid8)', [id]);
      return rows[0]?.[0];
    });
  } catch {
    return undefined;
  }
}

async function usedBy(place: Place, { candidate, live }: Exchange, cause: unknown): Promise<OpsError> {
  const { act, target, name } = place;
  const databases = [candidate.oid, ...(live === undefined ? [] : [live.oid])];
  const found = await place.ask((session) => sessionsOf(session, databases)).catch(() => []);
  const who = found.length === 0 ? 'somebody is' : sessionsWords(found);
  return new OpsError('refused', `cannot ${act}: ${who} connected to ${name}`, {
    cause,
    hint: `stop what uses it; who that is: ${whoIsIn(target)}`,
  });
}

function commentOf(comment: string | undefined): string {
  return comment === undefined ? 'null' : literal(comment);
}

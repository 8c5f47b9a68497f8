// The place of a database: its name on a server. Whoever changes what has that name holds the lock of it, and is connected to a
// database that is no app's.
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { askServer, type Server, withServer } from '../backup/server.ts';
import { type BackupSession, nameOf } from '../backup/session.ts';
import { nameProblem } from './names.ts';
import { swapTrouble } from './trouble.ts';

export interface PlaceOptions {
  /** Whose `database` is the name; it need not be there. */
  readonly target: PostgresTarget;
  readonly run: CommandRunner;
  readonly clock: Clock;
  readonly log: Log;
  /** What the place is wanted for, in an error's words: `restore traitortrack at db.lan:5432`. */
  readonly act: string;
  /** Ends what can be given up. What puts one database in the place of another is not, once it has begun. */
  readonly signal: AbortSignal;
  /** How long a lock that somebody holds on a database is waited for, and everybody who connects meanwhile; ten seconds unless given. */
  readonly lockWaitMs?: number;
}

/** A place whose lock is ours. */
export interface Place extends PlaceOptions {
  readonly name: string;
  readonly server: Server;
  /** What a connection makes of it: the one that holds the lock, or where that was lost another one. Throws OpsError. */
  ask<T>(work: (session: BackupSession) => Promise<T>): Promise<T>;
  /**
   * The same of a connection that is kept for what must not be given up: apps that fill a server leave none to be had at that moment.
   * Told to stop, it goes on; it ends within two minutes.
   */
  commit<T>(work: (session: BackupSession) => Promise<T>): Promise<T>;
}

/**
 * What `work` makes of the place, under its lock, which is the server's: one run at a time moves a database, whatever machine it runs
 * on. Throws OpsError `busy` where another one does, `refused` for a name that no app has, a standby, and what `work` throws.
 */
export async function withPlace<T>(options: PlaceOptions, work: (place: Place) => Promise<T>): Promise<T> {
  const { target, act, signal, run } = options;
  const name = target.database;
  const problem = nameProblem(name);
  if (problem !== undefined)
    throw new OpsError(
      'refused',
      `cannot ${act}: the database is called ${JSON.stringify(name)}: ${problem}`,
    );
  return withServer(target, { act, signal, isApart: true }, async (holder) => {
    const server = await askServer(holder, target, { act, run });
    if (server.isStandby)
      throw new OpsError('refused', `cannot ${act}: the server is a standby, and takes no changes`, {
        hint: 'give the address of the primary',
      });
    await requireReadableNames(holder, options);
    await takeLock(holder, options);
    return withSpare(options, (spare, cut) =>
      work({
        ...{ ...options, name, server },
        ask: (asked) => ask(options, holder, asked),
        commit: (asked) => commit(options, { spare, cut }, asked),
      }),
    );
  });
}

const commitMsMax = 120_000;

/** A server that is full has none to spare. */
async function withSpare<T>(
  { target, act }: PlaceOptions,
  work: (spare: BackupSession | undefined, cut: AbortController) => Promise<T>,
): Promise<T> {
  const cut = new AbortController();
  let isIn = false;
  try {
    return await withServer(target, { act, signal: cut.signal, isApart: true }, (spare) => {
      isIn = true;
      return work(spare, cut);
    });
  } catch (error) {
    if (isIn || !(error instanceof OpsError)) throw error;
    return work(undefined, cut);
  }
}

async function commit<T>(
  options: PlaceOptions,
  { spare, cut }: { spare: BackupSession | undefined; cut: AbortController },
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  if (spare?.isOpen !== true) return apart(options, AbortSignal.timeout(commitMsMax), work);
  const late = setTimeout(() => cut.abort(silence(options.act)), commitMsMax);
  try {
    return await heard(spare, options, work);
  } finally {
    clearTimeout(late);
  }
}

function silence(act: string, cause?: unknown): OpsError {
  return new OpsError('unavailable', `cannot ${act}: the server did not answer in time`, {
    cause,
    hint: 'look whether it runs, and try again',
  });
}

/** Another connection of the kind, for which nothing of the place is held: what is looked at, and what is done at once. */
export async function apart<T>(
  { target, act }: Pick<PlaceOptions, 'target' | 'act'>,
  signal: AbortSignal,
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  try {
    const options = { act, signal, isApart: true };
    return await withServer(target, options, (session) => heard(session, { target, act }, work));
  } catch (error) {
    if (error !== signal.reason || !(error instanceof Error) || error.name !== 'TimeoutError') throw error;
    throw silence(act, error);
  }
}

async function ask<T>(
  options: PlaceOptions,
  holder: BackupSession,
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  if (holder.isOpen) return heard(holder, options, work);
  return apart(options, AbortSignal.timeout(askMsMax), async (session) => {
    await takeLock(session, options);
    return work(session);
  });
}

const askMsMax = 60_000;

async function heard<T>(
  session: BackupSession,
  { target, act }: Pick<PlaceOptions, 'target' | 'act'>,
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  try {
    return await work(session);
  } catch (error) {
    throw session.isOpen ? swapTrouble(error, act, target) : error;
  }
}

/** The connection's, until it ends. */
async function takeLock(session: BackupSession, { target, act }: PlaceOptions): Promise<void> {
  const key = createHash('sha256').update(`swap ${target.database}`).digest().readBigInt64BE().toString();
  const { rows } = await session.run('select pg_try_advisory_lock($1)::text', [key]);
  if (rows[0]?.[0] === 'true') return;
  throw new OpsError('busy', `cannot ${act}: another run moves ${nameOf(target)} now`, {
    hint: 'try again when it is done',
  });
}

/** Names are the bytes that somebody wrote in a database of any encoding; in one of another they are read as something else. */
async function requireReadableNames(session: BackupSession, { target, act }: PlaceOptions): Promise<void> {
  if (/^[\x20-\x7e]*$/.test(target.database)) return;
  const { rows } = await session.run(`select current_setting('server_encoding'), current_database()`, []);
  const [encoding = '', database = ''] = rows[0] ?? [];
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return;
  throw new OpsError(
    'refused',
    `cannot ${act}: the name of the database cannot be read in ${database ?? ''}, whose encoding is ${encoding ?? ''}`,
    { hint: 'rename it to a name of plain letters' },
  );
}

// A connection for a backup: it is asked for as long as that takes, whatever its role has set, and every failure of it is a word
// for people.
import { errorMessage, OpsError } from '../../base/errors.ts';
import type { ErrorKind } from '../../base/exit-code.ts';
import { placeOf, type PostgresTarget } from '../../health/postgres-target.ts';
import { type Answer, reach, SessionFailure, type Value } from '../connection.ts';
import { causeOf, ofApps, sqlState } from '../refusal.ts';
import { errorKinds } from '../trouble.ts';
import { sessionOptions } from './environment.ts';

export interface SessionOptions {
  /** `back up traitortrack at /run/postgresql, port 5432`. */
  readonly act: string;
  readonly signal: AbortSignal;
}

/** What a backup asks; nothing of it is left when it is over. */
export interface BackupSession {
  /** Whether it can still be asked, as far as anybody has heard. */
  readonly isOpen: boolean;
  /** What who answers calls the process that serves us. */
  readonly processId: number | undefined;
  /** The last answer, as the server writes it; several statements at once where there are no values. */
  run(sql: string, values?: readonly Value[]): Promise<Answer>;
}

const nothing: Answer = { rows: [], count: 0, command: '' };
const openTimeoutMs = 20_000;

/**
 * Limits of a role or a database would end what has to wait for a dump; names are read as they are written; and a table that its owner
 * has made a view of meanwhile runs nothing of theirs as us.
 */
const settings = `set search_path = ''; set lock_timeout = '60s'; set client_min_messages = warning;
select set_config(name, '0', false) from pg_catalog.pg_settings where name in ('transaction_timeout', 'idle_session_timeout');
select set_config(name, 'view, foreign-table', false) from pg_catalog.pg_settings where name = 'restrict_nonsystem_relation_kind'`;

/** What `work` makes of it. Throws OpsError for what the server or the network did, and the reason of the signal. */
export async function withBackupSession<T>(
  target: PostgresTarget,
  options: SessionOptions,
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  const { act, signal } = options;
  try {
    const connection = await reach(target, {
      limit: signal,
      openTimeoutMs,
      applicationName: 'holdfast backup',
      settings: sessionOptions,
    });
    try {
      const session: BackupSession = {
        get isOpen() {
          return connection.isOpen;
        },
        processId: connection.processId,
        run: async (sql, values) => (await connection.answers(sql, values)).at(-1) ?? nothing,
      };
      await session.run(settings);
      return await work(session);
    } catch (error) {
      if (error instanceof OpsError) throw error;
      throw connection.isOpen && sqlState(error) === undefined ? error : connection.failure(error);
    } finally {
      await connection.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw backupTrouble(error, { target, act });
  }
}

function backupTrouble(error: unknown, { target, act }: { target: PostgresTarget; act: string }): unknown {
  if (!(error instanceof SessionFailure)) return error;
  const state = sqlState(error.cause) ?? '';
  const known = states[state] ?? states[state.slice(0, 2)];
  if (known !== undefined)
    return new OpsError(known[0], `cannot ${act}: ${known[1]} (it says "${errorMessage(error.cause)}")`, {
      cause: error.cause,
      hint: known[2],
    });
  const asked = { target, role: target.user, timeoutMs: openTimeoutMs, settings: ofApps };
  const { kind, cause, hint } = causeOf(error, asked);
  return new OpsError(errorKinds[kind], `cannot ${act}: ${cause}`, {
    cause: error.cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

const whoWaits =
  'look at who holds it: select pid, pg_blocking_pids(pid), usename, state, left(query, 80) from pg_stat_activity';

const states: Readonly<Record<string, readonly [ErrorKind, string, string]>> = {
  '3D000': [
    'missing',
    'the server has no such database',
    String.raw`list what it has: sudo -u postgres psql -c '\l'`,
  ],
  // A startup parameter that a server knows.
  '08P01': [
    'config',
    'a pooler answers there, and not the server itself',
    'give the address of the server itself, such as port 5432: ss -tlnp',
  ],
  '55P03': ['busy', 'somebody holds a lock on its tables for longer than it is waited for', whoWaits],
  '40P01': ['busy', 'somebody holds a lock on its tables', whoWaits],
  '42501': [
    'denied',
    'the role may not read all of it',
    'let it, as a superuser: grant pg_read_all_data to …; or back up as the superuser',
  ],
  '53100': ['io', 'the disk of the server is full', 'make room there: df -h'],
};

/** `traitortrack at /run/postgresql, port 5432`. */
export function nameOf(target: PostgresTarget): string {
  return placeOf(target);
}

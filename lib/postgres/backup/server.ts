// The server itself, asked in a database that is no app's: that of the app may be gone, is not to be kept from being renamed, and
// is not where two runs find each other.
import { statfs } from 'node:fs/promises';
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';
import { formatBytes } from '../../base/format.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { quote } from '../names.ts';
import { sqlState } from '../refusal.ts';
import { isHere, ofServer } from '../words.ts';
import { findPrograms, type Programs } from './programs.ts';
import { type BackupSession, type SessionOptions, withBackupSession } from './session.ts';

/** What a server says of itself. */
export interface Server {
  readonly major: number;
  /** Such as `15.18`. */
  readonly version: string;
  readonly isStandby: boolean;
  readonly isSuperuser: boolean;
  /** Its own programs, which are here. */
  readonly programs: Programs;
}

/**
 * What `work` makes of a connection to the server of `target`. Not `template1` as long as another is there: nobody makes a database
 * while somebody is in it. `isApart`: nor the one of `target`, which nobody renames either.
 */
export async function withServer<T>(
  target: PostgresTarget,
  options: SessionOptions & { readonly isApart?: boolean },
  work: (session: BackupSession) => Promise<T>,
): Promise<T> {
  let first: unknown;
  const own = options.isApart === true ? [] : [target.database];
  for (const database of new Set(['postgres', ...own, 'template1'])) {
    let isIn = false;
    try {
      const at = { ...target, database, readPassword: () => target.readPassword() };
      return await withBackupSession(at, options, (session) => {
        isIn = true;
        return work(session);
      });
    } catch (error) {
      if (isIn || !isOfDatabase(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** Whether it is only this database that takes nobody, or not us. */
function isOfDatabase(error: unknown): boolean {
  const state = error instanceof OpsError ? sqlState(error.cause) : undefined;
  return state !== undefined && ['3D000', '28000', '42501', '55000', '53300'].includes(state);
}

/** Throws OpsError for a pooler, and where the server's own programs are not here. */
export async function askServer(
  connection: BackupSession,
  { port }: PostgresTarget,
  { act, run }: { act: string; run: CommandRunner },
): Promise<Server> {
  const { rows } = await connection.run(question, []);
  const [pid, version = '', number, isStandby, isSuperuser] = (rows[0] ?? []).map((text) => text ?? '');
  // A pooler between hands out connections in which neither a snapshot nor a setting stays. Most call their process another number.
  if (connection.processId !== Number(pid) || (await isPgpool(connection)))
    throw new OpsError(
      'config',
      `cannot ${act}: a pooler answers at port ${port}, and not the server itself`,
      {
        hint: 'give the address of the server itself, such as port 5432: ss -tlnp',
      },
    );
  const major = Math.floor(Number(number) / 10_000);
  return {
    major,
    version: version.split(' ', 1)[0] ?? version,
    isStandby: isStandby === 'true',
    isSuperuser: isSuperuser === 'true',
    programs: await findPrograms(major, act, run),
  };
}

const question = `select pg_catalog.pg_backend_pid()::text, current_setting('server_version'), current_setting('server_version_num'),
  pg_catalog.pg_is_in_recovery()::text, (select rolsuper::text from pg_catalog.pg_roles where rolname = current_user)`;

/** It hands on the number of the server's process, and answers questions of its own; the server knows no such setting. */
async function isPgpool(connection: BackupSession): Promise<boolean> {
  try {
    await connection.run('show pool_version');
    return true;
  } catch (error) {
    if (sqlState(error) === '42704') return false;
    throw error;
  }
}

/** Throws OpsError where the server, or our role, makes no database to prove a dump in. */
export async function requireProving(
  connection: BackupSession,
  target: PostgresTarget,
  act: string,
): Promise<void> {
  const { rows } = await connection.run(abilities, []);
  const [isStandby, mayCreate] = rows[0] ?? [];
  if (isStandby === 'true')
    throw new OpsError('refused', `cannot ${act}: the server is a standby, on which no dump can be proven`, {
      hint: 'give the address of the primary',
    });
  if (mayCreate !== 'true')
    throw new OpsError(
      'denied',
      `cannot ${act}: its role ${target.user} may make no database, and a dump is proven by restoring it into one`,
      { hint: `let it: ${ofServer(target, `alter role ${quote(target.user)} createdb`)}` },
    );
}

const abilities = `select pg_catalog.pg_is_in_recovery()::text,
  (select (rolsuper or rolcreatedb)::text from pg_catalog.pg_roles where rolname = current_user)`;

/** The disk of a server that runs full takes its apps along: it is looked at where the server is here, and says to us where its data are. */
export async function requireServerRoom(
  connection: BackupSession,
  target: PostgresTarget,
  { sizeBytes, act }: { sizeBytes: number; act: string },
): Promise<void> {
  if (!isHere(target)) return;
  const { rows } = await connection.run(
    `select setting from pg_catalog.pg_settings where name = 'data_directory'`,
    [],
  );
  const directory = rows[0]?.[0];
  if (typeof directory !== 'string') return;
  const found = await statfs(directory).catch(() => undefined);
  if (found === undefined) return; // not to be seen from here: the server itself says so
  const free = found.bavail * found.bsize;
  const needed = Math.ceil(sizeBytes * 1.2) + marginBytes;
  if (free >= needed) return;
  throw new OpsError(
    'io',
    `cannot ${act}: to prove a dump the server needs ${formatBytes(needed)} in ${directory}, and ${formatBytes(free)} are free`,
    { hint: `free some space: df -h ${shellWord(directory)}` },
  );
}

/** What it writes of its log until that is taken away. */
const marginBytes = 64 * 1024 * 1024;

// What keeps a database from being backed up, all of it at once and before the night: for who looks whether it is set up well.
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import { requireWholeSight } from './look.ts';
import { askServer, requireProving, requireServerRoom } from './server.ts';
import { type BackupSession, nameOf, withBackupSession } from './session.ts';

interface Surroundings {
  readonly target: PostgresTarget;
  readonly run: CommandRunner;
  readonly signal: AbortSignal;
}

/** What was found: the version of the server, and each reason, with the command that mends it, for which a backup would fail. */
export interface Readiness {
  readonly version: string | undefined;
  readonly obstacles: readonly OpsError[];
}

/** Throws the reason of the signal; nothing is changed. A server that lets nobody in is an obstacle as well. */
export async function readinessOf({ target, run, signal }: Surroundings): Promise<Readiness> {
  const act = `back up ${nameOf(target)}`;
  const obstacles: OpsError[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      obstacles.push(error);
      return undefined;
    }
  };
  const version = await attempt(() =>
    withBackupSession(target, { act, signal }, async (session) => {
      const server = await attempt(() => askServer(session, target, { act, run }));
      await attempt(() => requireWholeSight(session, target, act));
      await attempt(() => requireProving(session, target, act));
      await attempt(() => requireOwners(session, target, act));
      const { rows } = await session.run(size, []);
      await attempt(() => requireServerRoom(session, target, { sizeBytes: Number(rows[0]?.[0]), act }));
      return server?.version;
    }),
  );
  return { version, obstacles };
}

/** What others own is given back to them where a dump is proven: only who may become them can do that. */
async function requireOwners(session: BackupSession, target: PostgresTarget, act: string): Promise<void> {
  const { rows } = await session.run(others, []);
  const names = rows.map(([name]) => name ?? '');
  if (names.length === 0) return;
  throw new OpsError(
    'denied',
    `cannot ${act}: what belongs to ${names.join(', ')} cannot be restored as it was by ${target.user}, so no dump is proven`,
    {
      hint: `back it up as its owner: write ${names[0]} into the address of the app, as the app itself has it`,
    },
  );
}

const others = `select distinct r.rolname from pg_catalog.pg_roles r
  where not pg_catalog.pg_has_role(r.oid, 'member') and (
    r.oid = (select datdba from pg_catalog.pg_database where datname = pg_catalog.current_database())
    or exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relowner = r.oid and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'))
  order by 1 limit 10`;

const size = `select pg_catalog.pg_database_size(pg_catalog.current_database())::text`;

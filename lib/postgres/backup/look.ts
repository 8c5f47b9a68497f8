// What a server says of a database before it is dumped: how large it is, what a database beside it has to be made with, and why no
// whole dump of it can be made.
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';
import type { PostgresTarget } from '../../health/postgres-target.ts';
import type { PostgresFacts } from '../../source/postgres-facts.ts';
import type { SourceLook } from '../../source/source.ts';
import { ofServer } from '../words.ts';
import type { Programs } from './programs.ts';
import { quote, tableName } from '../names.ts';
import { rolesOf } from './roles.ts';
import { askServer, requireProving, requireServerRoom } from './server.ts';
import { type BackupSession, nameOf, withBackupSession } from './session.ts';

export interface PostgresLook extends SourceLook<PostgresFacts> {
  /** Its number in the server: another database of the name has another. */
  readonly oid: string;
  readonly major: number;
  readonly serverVersion: string;
  readonly programs: Programs;
}

interface Surroundings {
  readonly target: PostgresTarget;
  readonly run: CommandRunner;
  readonly signal: AbortSignal;
}

const marginBytes = 1024 * 1024;

/** Throws OpsError for a server that does not let us, a pooler, and where its own programs are not here. */
export async function lookAtDatabase({ target, run, signal }: Surroundings): Promise<PostgresLook> {
  const act = `back up ${nameOf(target)}`;
  return withBackupSession(target, { act, signal }, async (connection) => {
    const server = await askServer(connection, target, { act, run });
    const { rows } = await connection.run(basics, []);
    const [oid = '', size = '0'] = (rows[0] ?? []).map((text) => text ?? '');
    return {
      path: nameOf(target),
      sizeBytes: Number(size),
      copyBytesMax: Math.ceil(Number(size) * 1.25) + marginBytes,
      ownership: undefined,
      setUp: { engine: 'postgres', roles: await rolesOf(connection) },
      remarks: [
        `PostgreSQL ${server.version}`,
        ...(server.isStandby ? ['standby'] : []),
        ...(server.isSuperuser ? ['as a superuser'] : []),
      ],
      oid,
      major: server.major,
      serverVersion: server.version,
      programs: server.programs,
    };
  });
}

const basics = `select d.oid::text, pg_catalog.pg_database_size(d.oid)::text
  from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`;

/** Throws OpsError unless all of it can be dumped, and proven on that server. */
export async function requireDumpable(
  connection: BackupSession,
  target: PostgresTarget,
  look: PostgresLook,
): Promise<void> {
  const act = `back up ${nameOf(target)}`;
  await requireWholeSight(connection, target, act);
  const { rows } = await connection.run(abilities, []);
  const [oid] = rows[0] ?? [];
  if (oid !== look.oid)
    throw new OpsError('refused', `cannot ${act}: it is another database than a moment ago`, {
      hint: 'somebody has put another in its place: try again',
    });
  await requireProving(connection, target, act);
  await requireServerRoom(connection, target, { sizeBytes: look.sizeBytes, act });
}

const abilities = `select oid::text from pg_catalog.pg_database where datname = pg_catalog.current_database()`;

/** A table that the role cannot read ends a dump; of one with row-level security it would see less than all. */
export async function requireWholeSight(
  connection: BackupSession,
  target: PostgresTarget,
  act: string,
): Promise<void> {
  const { rows } = await connection.run(hidden, []);
  const names = rows.map(([schema, table]) => tableName(schema ?? '', table ?? ''));
  if (names.length === 0) return;
  const isPolicy = rows.some(([, , isFiltered]) => isFiltered === 'true');
  const role = quote(target.user);
  const shown =
    names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  throw isPolicy
    ? new OpsError(
        'denied',
        `cannot ${act}: row-level security shows its role ${target.user} some rows only of ${shown}`,
        { hint: `let it see all: ${ofServer(target, `alter role ${role} bypassrls`)}` },
      )
    : new OpsError('denied', `cannot ${act}: its role ${target.user} may not read ${shown}`, {
        hint: `let it: ${ofServer(target, `grant pg_read_all_data to ${role}`)}`,
      });
}

const hidden = `select n.nspname, c.relname, coalesce(row_security_active(c.oid), false)::text
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm', 'S') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
    and (not has_schema_privilege(n.oid, 'usage') or not has_table_privilege(c.oid, 'select') or row_security_active(c.oid))
  order by 3 desc, 1, 2`;

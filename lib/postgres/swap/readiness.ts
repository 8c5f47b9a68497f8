// What keeps a database from being replaced: asked before anything is restored, and again before the places change.
import { OpsError } from '../../base/errors.ts';
import { formatCount } from '../../base/format.ts';
import { isHere, ofServer } from '../words.ts';
import { quote, literal } from '../names.ts';
import type { BackupSession } from '../backup/session.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { ServerDatabase } from './look.ts';
import type { Place } from './place.ts';
import { whoIsIn } from './trouble.ts';

/** Who is connected to a database, alike ones together. */
export interface Sessions {
  readonly role: string;
  /** As it calls itself; what it is where it has no name. */
  readonly application: string;
  readonly count: number;
}

type Named = Pick<ServerDatabase, 'oid' | 'name'>;

/** What helps who is told that somebody is connected; the command that shows who, unless given. */
interface Hints {
  readonly connected?: string | undefined;
}

/**
 * Throws OpsError where the database that has the name cannot be replaced: `denied` for a role that may not, `refused` for what would go
 * on with the old one, or hold it. Nothing where there is none.
 */
export async function requireReplaceable(place: Place): Promise<void> {
  await place.ask(async (session) => {
    await requireRights(session, place);
    await requireNothingBound(session, place);
  });
}

/** Throws OpsError `refused` where others are connected to it, naming them. */
export async function requireUnused(
  place: Place,
  databases: readonly Named[],
  { connected }: Hints = {},
): Promise<void> {
  const found = await place.ask((session) => sessionsOf(session, databases));
  if (found.length > 0) throw usedError(place, databases, { found, connected });
}

/** What is said where somebody is connected. */
export function usedError(
  { act, target }: Place,
  databases: readonly Named[],
  {
    found,
    connected,
    cause,
  }: { found: readonly Sessions[]; connected?: string | undefined; cause?: unknown },
): OpsError {
  const names = databases.map(({ name }) => name).join(' or ');
  const isOne = found.length === 1 && found[0]?.count === 1;
  const who = found.length === 0 ? 'somebody is' : `${sessionsWords(found)} ${isOne ? 'is' : 'are'}`;
  return new OpsError('refused', `cannot ${act}: ${who} connected to ${names}`, {
    cause,
    hint: connected ?? `stop what uses it; who that is: ${whoIsIn(target)}`,
  });
}

/** `3 sessions (gunicorn of app: 2, psql of anna: 1)`. */
export function sessionsWords(found: readonly Sessions[]): string {
  const total = found.reduce((sum, { count }) => sum + count, 0);
  const shown = found
    .slice(0, 4)
    .map(({ role, application, count }) => `${application} of ${role}: ${count}`);
  const more = found.length > 4 ? ', …' : '';
  return `${formatCount(total, 'session')} (${shown.join(', ')}${more})`;
}

/** Of the databases with these numbers, without autovacuum, which is nobody, and gives way by itself. */
export async function sessionsOf(
  session: Pick<BackupSession, 'run'>,
  databases: readonly Pick<Named, 'oid'>[],
): Promise<Sessions[]> {
  const { rows } = await session.run(
    `select coalesce(usename, 'the server'), coalesce(nullif(application_name, ''), backend_type, 'somebody'), count(*)::text
      from pg_stat_activity where datid::text in (select jsonb_array_elements_text($1::jsonb)) and pid <> pg_backend_pid()
      and usesysid is not null group by 1, 2 order by count(*) desc, 1, 2`,
    [JSON.stringify(databases.map(({ oid }) => oid))],
  );
  return rows.map(([role, application, count]) => ({
    role: role ?? '',
    application: application ?? '',
    count: Number(count),
  }));
}

async function requireRights(session: BackupSession, { name, target, act }: Place): Promise<void> {
  const { rows } = await session.run(
    `select (rolsuper or rolcreatedb)::text,
      (select pg_has_role(datdba, 'usage')::text from pg_database where datname = $1),
      (select pg_get_userbyid(datdba) from pg_database where datname = $1)
      from pg_roles where rolname = current_user`,
    [name],
  );
  const [mayCreate, isOwner, owner] = rows[0] ?? [];
  const role = quote(target.user);
  if (mayCreate !== 'true')
    throw new OpsError(
      'denied',
      `cannot ${act}: its role ${target.user} may make no database, and rename none`,
      {
        hint: `let it: ${ofServer(target, `alter role ${role} createdb`)}`,
      },
    );
  if (isOwner === 'false')
    throw new OpsError(
      'denied',
      `cannot ${act}: ${name} belongs to ${owner ?? 'somebody else'}, and only who has its rights may rename it`,
      { hint: `let ${target.user} have them: ${ofServer(target, `grant ${quote(owner ?? '')} to ${role}`)}` },
    );
}

/** What belongs to a database by its number would stay with the old one. */
async function requireNothingBound(session: BackupSession, { name, target, act }: Place): Promise<void> {
  const { rows } = await session.run(
    `select 'prepared', gid from pg_prepared_xacts where database = $1
      union all select 'slot', slot_name from pg_replication_slots where database = $1
      union all select 'subscription', subname from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = $1
      order by 1, 2`,
    [name],
  );
  const [kind, what] = rows[0] ?? [];
  if (typeof kind !== 'string' || typeof what !== 'string') return;
  const inside = (sql: string) =>
    isHere(target)
      ? `sudo -u postgres psql -p ${target.port} -d ${shellWord(name)} -c ${shellWord(sql)}`
      : `psql -h ${shellWord(target.host)} -p ${target.port} -U postgres -d ${shellWord(name)} -c ${shellWord(sql)}`;
  const more = rows.length > 1 ? `, and ${rows.length - 1} more` : '';
  const refused = (cause: string, hint: string) =>
    new OpsError('refused', `cannot ${act}: ${cause}${more}`, { hint });
  if (kind === 'prepared')
    throw refused(
      `the transaction ${JSON.stringify(what)} is prepared in it, and waits for its commit`,
      `end it: ${inside(`rollback prepared ${literal(what)}`)}`,
    );
  if (kind === 'slot')
    throw refused(
      `the replication slot ${what} reads the changes of the database that is there, and would never see those of another`,
      `drop it, and set up whoever reads it anew afterwards: ${inside(`select pg_drop_replication_slot(${literal(what)})`)}`,
    );
  throw refused(
    `the subscription ${what} writes into the database that is there, and would go on doing so`,
    `drop it, and make it anew afterwards: ${inside(`drop subscription ${quote(what)}`)}`,
  );
}

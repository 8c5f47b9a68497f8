// One look at a database and its server: who is connected, how large it is, and what the server counts of it. It reads, and
// nothing else; two questions, of which the second may fail without the first.
import { errorCode } from '../base/errors.ts';
import type { PostgresFacts, PostgresLook } from '../health/postgres.ts';
import type { PostgresTarget } from '../health/postgres-target.ts';
import { ofApps, refusalOf } from './refusal.ts';
import { type Ask, withSession } from './session.ts';

export interface LookOptions {
  /** Whose share of the connections counts. */
  role: string;
  /** Whether its address is that of an app. */
  isOfApp?: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Looks once, with one connection. A server that does not let us is an answer. Throws the reason of the signal when it
 * aborts, and OpsError for a password file or certificate that cannot be read.
 */
export async function lookAtPostgres(
  target: PostgresTarget,
  { role, isOfApp, timeoutMs, signal }: LookOptions,
): Promise<PostgresFacts> {
  try {
    return { look: await withSession(target, (ask) => look(ask, role), { timeoutMs, signal }) };
  } catch (error) {
    signal.throwIfAborted();
    return {
      refusal: refusalOf(error, {
        ...{ target, role, timeoutMs },
        ...(isOfApp === true ? { settings: ofApps } : {}),
      }),
    };
  }
}

async function look(ask: Ask, role: string): Promise<PostgresLook> {
  const [row] = await ask<Row>(question, [role]);
  if (row === undefined) throw new Error('PostgreSQL answers a question for one row with none');
  return { ...lookOf(row), sizeBytes: await sizeOf(ask) };
}

/** Undefined where adding it up, file by file, takes longer than any question may. */
async function sizeOf(ask: Ask): Promise<number | undefined> {
  try {
    const [row] = await ask<{ size: number }>('select pg_database_size(current_database())::float8 as size');
    return row?.size;
  } catch (error) {
    if (errorCode(error) === '57014') return undefined;
    throw error;
  }
}

/**
 * What sessions of others do is shown to members of pg_monitor alone: for the rest even who is a client is hidden, and
 * everything that has a user and a database counts as one. Clients alone take the places that an app can have: autovacuum, background
 * workers and, since version 12, replication have places of their own.
 */
const question = `
with app as (
  select r.oid, r.rolsuper, r.rolconnlimit,
    exists (select from pg_roles u
      where u.rolname = 'pg_use_reserved_connections' and pg_has_role(r.oid, u.oid, 'usage')) as may_use_reserved
  from pg_roles r where r.rolname = $1
), client as (
  select s.usesysid, d.oid is not null as is_here, s.backend_type is null as is_hidden,
    case when s.state like 'idle in transaction%' then extract(epoch from clock_timestamp() - s.state_change) end as idle_s,
    case when s.state = 'active' then extract(epoch from clock_timestamp() - s.query_start) end as query_s
  from pg_stat_activity s left join pg_database d on d.oid = s.datid and d.datname = current_database()
  where s.pid <> pg_backend_pid()
    and (s.backend_type = 'client backend' or s.backend_type is null and s.usesysid is not null and s.datid is not null)
)
select
  (extract(epoch from clock_timestamp()) * 1000)::float8 as at,
  (extract(epoch from pg_postmaster_start_time()) * 1000)::float8 as started_at,
  current_setting('max_connections')::float8 as max,
  current_setting('superuser_reserved_connections')::float8 as reserved_for_superusers,
  coalesce(current_setting('reserved_connections', true), '0')::float8 as reserved,
  d.datconnlimit::float8 as database_limit,
  age(d.datfrozenxid)::float8 as frozen_age,
  app.oid is not null as is_role,
  app.rolsuper as is_superuser,
  app.may_use_reserved,
  app.rolconnlimit::float8 as role_limit,
  c.*,
  (extract(epoch from s.stats_reset) * 1000)::float8 as reset_at,
  s.xact_commit::float8 as commits,
  s.xact_rollback::float8 as rollbacks,
  s.deadlocks::float8 as deadlocks,
  s.conflicts::float8 as conflicts,
  s.temp_bytes::float8 as temp_bytes,
  f.*
from pg_database d
join pg_stat_database s on s.datid = d.oid
left join app on true
cross join lateral (
  select count(*)::float8 as all_clients,
    count(*) filter (where is_here)::float8 as of_database,
    count(*) filter (where usesysid = app.oid)::float8 as of_role,
    count(*) filter (where is_hidden)::float8 as hidden,
    coalesce(max(idle_s) filter (where is_here), 0)::float8 as idle_s,
    coalesce(max(query_s) filter (where is_here), 0)::float8 as query_s
  from client
) c
cross join lateral (
  select sum(checksum_failures)::float8 as checksum_failures,
    (extract(epoch from max(checksum_last_failure)) * 1000)::float8 as checksum_failed_at
  from pg_stat_database where datid in (0, d.oid)
) f
where d.datname = current_database()`;

interface Row {
  at: number;
  started_at: number;
  max: number;
  reserved_for_superusers: number;
  reserved: number;
  database_limit: number;
  frozen_age: number;
  is_role: boolean;
  is_superuser: boolean;
  may_use_reserved: boolean;
  role_limit: number;
  all_clients: number;
  of_database: number;
  of_role: number;
  hidden: number;
  idle_s: number;
  query_s: number;
  reset_at: number | null;
  commits: number;
  rollbacks: number;
  deadlocks: number;
  conflicts: number;
  temp_bytes: number;
  checksum_failures: number | null;
  checksum_failed_at: number | null;
}

function lookOf(row: Row): Omit<PostgresLook, 'sizeBytes'> {
  return {
    at: row.at,
    startedAt: row.started_at,
    frozenAge: row.frozen_age,
    connections: {
      max: row.max,
      reservedForSuperusers: row.reserved_for_superusers,
      reserved: row.reserved,
      databaseLimit: row.database_limit,
      role: row.is_role
        ? { isSuperuser: row.is_superuser, mayUseReserved: row.may_use_reserved, limit: row.role_limit }
        : undefined,
      all: row.all_clients,
      ofDatabase: row.of_database,
      ofRole: row.of_role,
      hidden: row.hidden,
      idleInTransactionMs: Math.max(0, row.idle_s * 1000),
      longestQueryMs: Math.max(0, row.query_s * 1000),
    },
    counters: {
      resetAt: row.reset_at ?? undefined,
      commits: row.commits,
      rollbacks: row.rollbacks,
      deadlocks: row.deadlocks,
      conflicts: row.conflicts,
      tempBytes: row.temp_bytes,
      checksumFailures: row.checksum_failures ?? undefined,
      checksumFailedAt: row.checksum_failed_at ?? undefined,
    },
  };
}

// The roles that a database needs, as SQL that makes them on another server: those that own something in it, may do something
// with it or have settings in it, and those that they are members of. Without passwords, which only a superuser can read.
import type { BackupSession } from './session.ts';

/** Each statement alone; the same roles give the same statements. */
export async function rolesOf(connection: Pick<BackupSession, 'run'>): Promise<string[]> {
  const { rows } = await connection.run(statements, []);
  return rows.flatMap(([sql]) => sql ?? []);
}

const attributes = `concat_ws(' ', case when rolsuper then 'SUPERUSER' end, case when rolcreatedb then 'CREATEDB' end,
  case when rolcreaterole then 'CREATEROLE' end, case when rolcanlogin then 'LOGIN' else 'NOLOGIN' end,
  case when not rolinherit then 'NOINHERIT' end, case when rolreplication then 'REPLICATION' end,
  case when rolbypassrls then 'BYPASSRLS' end, case when rolconnlimit >= 0 then 'CONNECTION LIMIT ' || rolconnlimit end)`;

/** Settings that are lists of names, and are kept as SQL has them. */
const lists = "'search_path', 'local_preload_libraries', 'session_preload_libraries', 'temp_tablespaces'";

const statements = `with recursive d as (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database()),
direct as (
  select s.refobjid as oid from pg_catalog.pg_shdepend s, d
    where s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      and (s.dbid = d.oid or s.dbid = 0 and s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass and s.objid = d.oid)
  union select datdba from pg_catalog.pg_database where datname = pg_catalog.current_database()
  union select setrole from pg_catalog.pg_db_role_setting s, d where s.setdatabase = d.oid
), needed as (
  select oid from direct
  union select m.roleid from pg_catalog.pg_auth_members m join needed n on n.oid = m.member
), role as (
  select r.* from pg_catalog.pg_roles r join needed n on n.oid = r.oid where r.rolname !~ '^pg_'
)
select sql from (
  select 1 as step, rolname as name, pg_catalog.format('CREATE ROLE %I %s;', rolname, ${attributes}) as sql from role
    where rolname <> 'postgres'
  union all select 2, pg_catalog.format('%s %s', m.rolname, g.rolname), pg_catalog.format('GRANT %I TO %I;', g.rolname, m.rolname)
    from (select distinct roleid, member from pg_catalog.pg_auth_members) a
    join role m on m.oid = a.member join pg_catalog.pg_roles g on g.oid = a.roleid
  union all select 3, rolname || item, pg_catalog.format(
      case when split_part(item, '=', 1) in (${lists}) then 'ALTER ROLE %I SET %I TO %s;' else 'ALTER ROLE %I SET %I TO %L;' end,
      rolname, split_part(item, '=', 1), substr(item, strpos(item, '=') + 1))
    from role join pg_catalog.pg_db_role_setting s on s.setrole = role.oid and s.setdatabase = 0 cross join unnest(s.setconfig) item
) all_of_them order by step, name collate "C"`;

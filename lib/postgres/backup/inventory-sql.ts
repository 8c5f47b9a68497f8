// What a database is made of, asked one kind of object at a time: each row is a name and all that is to be the same where it was
// restored. What an extension brought is the extension's. Names are written with their schemas: the search path is empty.

/** Names that are not the system's. */
const own = (schema: string) =>
  `${schema}.nspname not in ('pg_catalog', 'information_schema') and ${schema}.nspname !~ '^pg_(toast|temp)'`;

const notOfExtension = (catalogue: string, oid: string) =>
  `not exists (select from pg_depend x where x.classid = '${catalogue}'::regclass and x.objid = ${oid} and x.deptype = 'e')`;

/** Rights as they are, also where nobody wrote them down, in an order of their own. */
const rights = (acl: string, kind: string, owner: string) =>
  `array(select item::text from unnest(coalesce(${acl}, acldefault(${kind}, ${owner}))) item order by 1)::text`;

const listed = (array: string) => `array(select item from unnest(${array}) item order by 1)::text`;

const relation = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)";
const fromRelations = `from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${own('n')} and ${notOfExtension('pg_class', 'c.oid')}`;

/** Those of which it is enough that they are there: what they are made of would not be restored without an error. */
const others = [
  ...[
    'pg_collation',
    'pg_operator',
    'pg_opclass',
    'pg_opfamily',
    'pg_cast',
    'pg_language',
    'pg_conversion',
    'pg_transform',
    'pg_am',
  ],
  ...['pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template', 'pg_statistic_ext', 'pg_publication'],
  ...['pg_foreign_server', 'pg_foreign_data_wrapper'],
]
  .map((catalogue) => `select '${catalogue}'::regclass as classid, oid from ${catalogue}`)
  .join(' union all ');

/** By the kind as people call it. */
export const questions: Readonly<Record<string, string>> = {
  schemas: `select quote_ident(n.nspname), concat_ws(' ', n.nspowner::regrole, ${rights('n.nspacl', "'n'", 'n.nspowner')})
    from pg_namespace n where ${own('n')} and ${notOfExtension('pg_namespace', 'n.oid')}`,
  extensions: `select quote_ident(e.extname), n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace`,
  'tables and views': `select ${relation}, concat_ws(' ', c.relkind, c.relowner::regrole, c.relpersistence, c.relrowsecurity,
      c.relforcerowsecurity, c.relispopulated, c.relreplident, ${listed('c.reloptions')}, pg_get_expr(c.relpartbound, c.oid),
      ${rights('c.relacl', "case c.relkind when 'S' then 's'::\"char\" else 'r' end", 'c.relowner')},
      (select string_agg(i.inhparent::regclass::text, ' ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end)
    ${fromRelations} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'S')`,
  columns: `select ${relation} || '.' || quote_ident(a.attname), concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,
      a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstorage, ${listed('a.attoptions')}, ${listed('a.attacl::text[]')},
      case when not exists (select from pg_inherits i where i.inhrelid = c.oid) then
        (select count(*) from pg_attribute b where b.attrelid = c.oid and b.attnum between 1 and a.attnum and not b.attisdropped) end,
      (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own('n')} and ${notOfExtension('pg_class', 'c.oid')} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
      and a.attnum > 0 and not a.attisdropped`,
  indexes: `select ${relation}, concat_ws(' ', pg_get_indexdef(c.oid), i.indisclustered, i.indisreplident)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own('n')} and ${notOfExtension('pg_class', 'i.indrelid')} and (i.indisvalid or c.relkind = 'I')`,
  constraints: `select concat_ws(' ', case when k.conrelid <> 0 then k.conrelid::regclass::text else k.contypid::regtype::text end, quote_ident(k.conname)),
      concat_ws(' ', k.contype, k.convalidated, pg_get_constraintdef(k.oid))
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace
    where ${own('n')} and k.contype <> 'n' and ${notOfExtension('pg_class', 'k.conrelid')} and ${notOfExtension('pg_type', 'k.contypid')}`,
  triggers: `select ${relation} || ' ' || quote_ident(t.tgname), concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own('n')} and not t.tgisinternal and ${notOfExtension('pg_class', 'c.oid')}`,
  rules: `select ${relation} || ' ' || quote_ident(r.rulename), concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid))
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
    where ${own('n')} and r.rulename <> '_RETURN' and ${notOfExtension('pg_class', 'c.oid')}`,
  policies: `select ${relation} || ' ' || quote_ident(p.polname), concat_ws(' ', p.polcmd, p.polpermissive,
      array(select r::regrole::text from unnest(p.polroles) r order by 1)::text,
      pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace where ${own('n')}`,
  functions: `select f.oid::regprocedure::text, concat_ws(' ', f.proowner::regrole, f.prokind, f.provolatile, f.proisstrict, f.prosecdef,
      f.proparallel, f.prorettype::regtype, (select lanname from pg_language l where l.oid = f.prolang), ${listed('f.proconfig')},
      ${rights('f.proacl', "'f'", 'f.proowner')}, md5(f.prosrc), f.probin, pg_get_expr(f.proargdefaults, 0))
    from pg_proc f join pg_namespace n on n.oid = f.pronamespace where ${own('n')} and ${notOfExtension('pg_proc', 'f.oid')}`,
  types: `select t.oid::regtype::text, concat_ws(' ', t.typowner::regrole, t.typtype, t.typnotnull, t.typdefault, ${rights('t.typacl', "'T'", 't.typowner')},
      (select string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
      case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end)
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where ${own('n')} and t.typtype in ('e', 'd', 'r', 'b') and t.typelem = 0 and ${notOfExtension('pg_type', 't.oid')}`,
  'definitions of sequences': `select ${relation}, concat_ws(' ', format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
      (select d.refobjid::regclass::text || ' ' || d.refobjsubid from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') limit 1))
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
    where ${own('n')} and ${notOfExtension('pg_class', 'c.oid')}`,
  'event triggers': `select quote_ident(e.evtname), concat_ws(' ', e.evtevent, e.evtenabled, e.evtfoid::regproc, ${listed('e.evttags')})
    from pg_event_trigger e where ${notOfExtension('pg_event_trigger', 'e.oid')}`,
  'default rights': `select concat_ws(' ', d.defaclrole::regrole, d.defaclnamespace, d.defaclobjtype), ${listed('d.defaclacl::text[]')}
    from (select defaclrole, defaclobjtype, defaclacl, coalesce((select nspname from pg_namespace where oid = defaclnamespace), '') as defaclnamespace from pg_default_acl) d`,
  comments: `select concat_ws(' ', i.type, i.identity), d.description
    from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where (d.objoid >= 16384 or d.classoid = 'pg_namespace'::regclass and d.objoid = 'public'::regnamespace) and i.identity is not null
      and not exists (select from pg_depend x where x.classid = d.classoid and x.objid = d.objoid and x.deptype = 'e')
      and d.classoid <> 'pg_extension'::regclass`,
  'large objects': `select l.oid::text, concat_ws(' ', l.lomowner::regrole, ${listed('l.lomacl::text[]')}) from pg_largeobject_metadata l`,
  'other objects': `select i.type || ' ' || i.identity, '' from (${others}) o cross join lateral pg_identify_object(o.classid, o.oid, 0) i
    where o.oid >= 16384 and not exists (select from pg_depend x where x.classid = o.classid and x.objid = o.oid and x.deptype in ('e', 'i'))`,
  settings: `select concat_ws(' ', coalesce(r.rolname, 'database'), split_part(item, '=', 1)), item from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) item
    where s.setdatabase = (select oid from pg_database where datname = current_database())`,
  'the database itself': `select p.name, p.what from pg_database d
    cross join lateral (values ('owner', d.datdba::regrole::text), ('connection limit', d.datconnlimit::text),
      ('encoding and locale', concat_ws(' ', pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
        nullif(to_jsonb(d) ->> 'datlocprovider', 'c'), to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'daticurules')),
      ('rights', ${rights('d.datacl', "'d'", 'd.datdba')}), ('comment', shobj_description(d.oid, 'pg_database'))) p (name, what)
    where d.datname = current_database()`,
};

/** What a large object holds, for those who may read their pages. */
export const largeObjectBytes = `select l.oid::text, coalesce((select sum(octet_length(p.data)) from pg_largeobject p where p.loid = l.oid), 0)::text
  from pg_largeobject_metadata l`;

/** Tables of which the rows are counted: each those of itself. A materialised view is made anew where it is restored. */
export const tables = `select n.nspname, c.relname ${fromRelations} and c.relkind = 'r' order by 1, 2`;

export const sequences = `select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'S' and ${own('n')} and ${notOfExtension('pg_class', 'c.oid')} order by 1, 2`;

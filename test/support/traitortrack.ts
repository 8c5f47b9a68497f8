// The database of TraitorTrack, as its models make it: bags that hold bags, scans of both, bills, and the tables beside them, with all
// their indexes. Generated inside the server, as large as one likes; the same number makes the same rows.
import type { PostgresServer } from './postgres.ts';

/** Rows of bags, links and scans together; the other tables have a few for each thousand of them. */
export async function makeTraitorTrack(
  server: PostgresServer,
  { database, owner, rows }: { database: string; owner: string; rows: number },
): Promise<void> {
  await server.sql(`create database ${database} owner ${owner} template template0 encoding 'UTF8'`);
  await server.sql(`set role ${owner}; ${tables}; ${filling(rows)}; ${indexes}; ${words}; analyze`, database);
}

const tables = `
create type bagtype as enum ('parent', 'child');
create table "user" (id serial primary key, username varchar(64) not null unique, email varchar(120) not null unique,
  password_hash varchar(256), role varchar(20) default 'dispatcher' not null check (role in ('admin', 'biller', 'dispatcher')),
  dispatch_area varchar(30), verified boolean default false not null, failed_login_attempts int default 0, locked_until timestamp,
  last_login timestamp, created_at timestamp default now() not null);
create table bag (id serial primary key, qr_id varchar(255) not null unique, type bagtype not null, name varchar(100),
  child_count int default 0, parent_id int, user_id int, dispatch_area varchar(30), status varchar(20) default 'pending',
  weight_kg double precision default 0, created_at timestamp default now() not null, updated_at timestamp);
create table link (id serial primary key, parent_bag_id int not null, child_bag_id int not null, created_at timestamp default now());
create table scan (id bigserial primary key, timestamp timestamp default now() not null, parent_bag_id int, child_bag_id int,
  user_id int not null, location varchar(50), notes text);
create table bill (id serial primary key, bill_id varchar(50) not null unique, description text, parent_bag_count int default 0,
  total_weight_kg numeric(12, 3), status varchar(20) default 'draft', created_by_id int, created_at timestamp default now() not null);
create table bill_bag (id serial primary key, bill_id int not null, bag_id int not null, created_at timestamp default now());
create table audit_log (id bigserial primary key, timestamp timestamptz default now() not null, user_id int, action varchar(50) not null,
  entity_type varchar(20) not null, entity_id int, details jsonb, ip_address inet);
create table promotion_request (id serial primary key, user_id int not null, reason text not null, status varchar(20) default 'pending',
  admin_id int, requested_at timestamp default now() not null);
create table notification (id serial primary key, user_id int not null, message text not null, is_read boolean default false,
  created_at timestamp default now() not null);
create table statistics_cache (id int primary key default 1 check (id = 1), total_bags int default 0, total_scans int default 0,
  last_updated timestamp default now() not null)`;

/** A third of the rows are bags, of which one in thirty-one holds the others; in an order that has nothing to do with that of the keys. */
function filling(rows: number): string {
  const bags = Math.ceil(rows / 3);
  const links = Math.ceil(bags * 0.8);
  const scans = rows - bags - links;
  const few = Math.ceil(rows / 100);
  const at = `timestamp '2025-01-01' + i * interval '13 seconds'`;
  return `
insert into "user" (username, email, password_hash, role, dispatch_area)
  select 'user' || i, 'user' || i || '@example.org', md5(i::text), (array['admin', 'biller', 'dispatcher'])[1 + i % 3], 'area ' || i % 8
  from generate_series(1, 60) i;
insert into bag (qr_id, type, name, child_count, user_id, dispatch_area, weight_kg, created_at, status)
  select case when i % 31 = 0 then 'SB' || lpad((i::bigint * 7919 % 99999989)::text, 8, '0') || i else 'C-' || md5(i::text) end,
    (case when i % 31 = 0 then 'parent' else 'child' end)::bagtype, case i % 4 when 0 then 'Bag number ' || i end,
    case when i % 31 = 0 then 30 else 0 end, 1 + i % 60, 'area ' || i % 8, i % 30 + i % 7 / 3.0, ${at},
    (array['pending', 'completed', 'dispatched'])[1 + i % 3] from generate_series(1, ${bags}) i;
insert into link (parent_bag_id, child_bag_id, created_at)
  select greatest(31, i / 31 * 31), 1 + i::bigint * 7919 % ${bags}, ${at} from generate_series(1, ${links}) i;
insert into scan (timestamp, parent_bag_id, child_bag_id, user_id, location, notes)
  select ${at}, case when i % 5 = 0 then 1 + i % ${bags} end, 1 + i::bigint * 104729 % ${bags}, 1 + i % 60, 'gate ' || i % 12,
    case i % 9 when 0 then 'seen twice, the label is torn ' || i end from generate_series(1, ${scans}) i;
insert into bill (bill_id, description, parent_bag_count, total_weight_kg, created_by_id)
  select 'BILL' || i, 'to the mill, lorry ' || i % 40, i % 20, i * 1.5, 1 + i % 60 from generate_series(1, ${few}) i;
insert into bill_bag (bill_id, bag_id) select i, 1 + i::bigint * 31 % ${bags} from generate_series(1, ${few}) i;
insert into audit_log (timestamp, user_id, action, entity_type, entity_id, details, ip_address)
  select ${at}, 1 + i % 60, 'scan', 'bag', i, jsonb_build_object('n', i, 'from', 'gate ' || i % 12), '10.0.0.1'::inet + i % 250
  from generate_series(1, ${few}) i;
insert into promotion_request (user_id, reason) select 1 + i, 'covers for a colleague' from generate_series(1, 20) i;
insert into notification (user_id, message) select 1 + i % 60, 'bill ' || i || ' is complete' from generate_series(1, ${few}) i;
insert into statistics_cache (total_bags, total_scans) values (${bags}, ${scans})`;
}

const referring: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bag: { parent_id: 'bag', user_id: '"user"' },
  link: { parent_bag_id: 'bag', child_bag_id: 'bag' },
  scan: { parent_bag_id: 'bag', child_bag_id: 'bag', user_id: '"user"' },
  bill: { created_by_id: '"user"' },
  bill_bag: { bill_id: 'bill', bag_id: 'bag' },
  audit_log: { user_id: '"user"' },
  promotion_request: { user_id: '"user"', admin_id: '"user"' },
  notification: { user_id: '"user"' },
};

/** Those that its models name, and those that a slow page was given one day. */
const indexed: Readonly<Record<string, readonly string[]>> = {
  '"user"': ['role', 'created_at', 'dispatch_area', 'role, dispatch_area'],
  bag: [
    ...[
      'type',
      'status',
      'created_at',
      'parent_id',
      'user_id',
      'dispatch_area',
      'type, created_at',
      'type, status',
    ],
    ...[
      'dispatch_area, type',
      'user_id, created_at',
      'upper(qr_id)',
      'status, created_at desc',
      'type, child_count',
    ],
  ],
  link: [
    'parent_bag_id',
    'child_bag_id',
    'created_at',
    'parent_bag_id, child_bag_id',
    'child_bag_id, parent_bag_id',
  ],
  scan: [
    ...[
      'timestamp',
      'parent_bag_id',
      'child_bag_id',
      'user_id',
      'user_id, timestamp',
      'timestamp desc, user_id',
      'location',
    ],
    ...['parent_bag_id, timestamp', 'child_bag_id, timestamp', '(timestamp::date)'],
  ],
  bill: ['status', 'created_at', 'created_by_id', 'status, created_at', 'description'],
  bill_bag: ['bill_id', 'bag_id', 'bill_id, bag_id'],
  audit_log: [
    'timestamp',
    'user_id',
    'action',
    'entity_type, entity_id',
    'user_id, timestamp',
    'action, timestamp',
  ],
  promotion_request: ['user_id', 'status', 'requested_at', 'admin_id'],
  notification: ['user_id', 'is_read', 'created_at', 'user_id, is_read'],
};

const indexes = [
  ...Object.entries(indexed).flatMap(([table, lists]) =>
    lists.map((columns) => `create index on ${table} (${columns})`),
  ),
  'create index audit_details on audit_log using gin (details)',
  "create index open_bags on bag (created_at) where status <> 'dispatched'",
  ...Object.entries(referring).flatMap(([table, keys]) =>
    Object.entries(keys).map(
      ([column, other]) => `alter table ${table} add foreign key (${column}) references ${other} (id)`,
    ),
  ),
].join(';\n');

const words = `
create function touched() returns trigger language plpgsql as $$ begin new.updated_at = now(); return new; end $$;
create trigger touch before update on bag for each row execute function touched();
create view parents as select b.qr_id, count(l.id) as children from bag b left join link l on l.parent_bag_id = b.id
  where b.type = 'parent' group by b.qr_id;
comment on table link is 'which bag is in which'`;

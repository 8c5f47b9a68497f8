// What a replica keeps of itself, beside the tables that it mirrors and in the same transactions. docs/formats.md has each table.
import { OpsError } from '../../base/errors.ts';
import type { Session } from '../../postgres/writer.ts';
import { literal, quote } from '../../postgres/names.ts';

/** Of the tables below. */
const version = 1;
/** JSON numbers, `pg_xact_status` and the rest are there from here on. */
const serverMin = 140_000;

/** Makes what is not there. Throws OpsError `refused` for a server or a schema that is none for us. */
export async function openBookkeeping({ run }: Session, schema: string, at: string): Promise<void> {
  const { rows } = await run(
    `select current_setting('server_version_num'), current_setting('server_encoding'), to_regclass(${literal(`${quote(schema)}._holdfast_replica`)}) is not null`,
  );
  const [server = '0', encoding = '', isThere = 'f'] = rows[0] ?? [];
  if (Number(server) < serverMin)
    throw refused(schema, 'the server is older than PostgreSQL 14', 'psql -c "select version()"');
  if (encoding !== 'UTF8')
    throw refused(
      schema,
      `the encoding of the database is ${encoding ?? ''}, which cannot hold every text`,
      'make one that can: createdb --encoding=UTF8 --template=template0 <name>',
    );
  if (isThere !== 't') {
    // Two that begin at one time make it once.
    await run(`select pg_advisory_xact_lock(${lockNumber})`);
    await run(`create schema if not exists ${quote(schema)}`);
    await run(tables.join('; '));
    await run('insert into _holdfast_replica values (1, $1, $2) on conflict do nothing', [
      String(version),
      at,
    ]);
  }
  const found = Number((await run('select version from _holdfast_replica')).rows[0]?.[0] ?? 0);
  if (found !== version)
    throw refused(
      schema,
      `it was made by another version of Holdfast (format ${found}, this one has ${version})`,
      'take the version that made it, or a new schema',
    );
}

/** One writer at a time, also of another process: what changes anything begins with this. */
export const lockingStatement = 'select version from _holdfast_replica for update';

/** Any number that nobody else takes: "holdfast" in eight bytes. */
const lockNumber = '7525363724489746036';

function refused(schema: string, cause: string, hint: string): OpsError {
  return new OpsError('refused', `cannot keep a replica in the schema ${schema}: ${cause}`, { hint });
}

const text = 'text collate "C" not null';
const id = 'id bigint generated always as identity primary key';

/** The same names and columns as in a replica in SQLite. */
const tables = [
  'create table if not exists _holdfast_replica (one smallint primary key check (one = 1), version integer not null, made_at text not null)',
  `create table if not exists _holdfast_source (
    id smallint primary key, name ${text} unique,
    instance text, lineage text, epoch text, batch_no bigint not null default 0, nonce text, confirmed_nonce text,
    unconfirmed_keys bigint not null default 0, high_water bigint not null default 0, last_batch_at text, last_taken_at text,
    is_resyncing boolean not null default false, batches bigint not null default 0, rows bigint not null default 0)`,
  `create table if not exists _holdfast_batch (
    id integer generated always as identity primary key, source smallint not null, epoch ${text}, batch_no bigint not null,
    sha256 ${text}, stamp bigint not null, taken_at ${text}, applied_at ${text}, result text, unique (source, epoch, batch_no))`,
  `create table if not exists _holdfast_unconfirmed (${id}, source smallint not null, table_name ${text}, keys ${text})`,
  'create index if not exists _holdfast_unconfirmed_by_source on _holdfast_unconfirmed (source)',
  `create table if not exists _holdfast_held (
    ${id}, source smallint not null, batch integer not null, table_name ${text}, key ${text},
    kind ${text}, reason ${text}, day text collate "C", detail text, due bigint, is_walked boolean not null, payload text,
    first_seen ${text}, last_seen ${text}, count bigint not null, unique (source, table_name, key))`,
  'create index if not exists _holdfast_held_by_day on _holdfast_held (day)',
  'create index if not exists _holdfast_held_by_due on _holdfast_held (due) where due is not null',
  `create table if not exists _holdfast_tombstone (
    table_name ${text}, key ${text}, source smallint not null, stamp bigint not null, primary key (table_name, key, source))`,
  'create index if not exists _holdfast_tombstone_by_stamp on _holdfast_tombstone (stamp)',
  `create table if not exists _holdfast_deletions (
    source smallint not null, table_name ${text}, minute bigint not null, deleted bigint not null, primary key (source, table_name, minute))`,
  `create table if not exists _holdfast_shape (
    table_name ${text} primary key, shape text, made text, waiting text, why text, guard text)`,
  `create table if not exists _holdfast_frozen_day (
    day ${text} primary key, frozen_at ${text}, frozen_by ${text}, reason ${text}, exceptions ${text}, high_water ${text})`,
  `create table if not exists _holdfast_frozen_table (
    day ${text}, table_name ${text}, rows bigint not null, digest ${text}, primary key (day, table_name))`,
  `create table if not exists _holdfast_correction (${id}, at ${text}, by ${text}, reason ${text}, table_name ${text}, key ${text})`,
  `create table if not exists _holdfast_writer (transaction xid8 primary key, kind ${text})`,
  `create table if not exists _holdfast_corrected (${id}, transaction xid8 not null, table_name ${text}, key jsonb, day text)`,
  `create table if not exists _holdfast_audit (
    ${id}, at ${text}, source text, batch integer, what ${text}, by text, reason text, table_name text, key text, day text, before text, after text)`,
  'create table if not exists _holdfast_setting (name text collate "C" primary key, value bigint not null)',
];

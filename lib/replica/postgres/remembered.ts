// What is remembered of changes beside the rows: those that are held, deletions, how many there were of late, and, where it is
// wanted, every change.
import type { HeldReason } from '../../delta/batch.ts';
import type { Cell } from '../../delta/cell.ts';
import { parseKey } from '../../delta/held-payload.ts';
import type { HeldChange } from '../../delta/peer.ts';
import type { Session } from '../../postgres/writer.ts';
import type { HeldQuery } from '../replica.ts';
import { arrayOf } from './sql.ts';

/** Of whom, and in which batch, a change is. */
export interface Origin {
  readonly source: number;
  readonly batch: number;
}

export interface ToHold {
  readonly key: string;
  readonly kind: 'upsert' | 'tombstone';
  readonly payload: string | null;
  readonly isWalked: boolean;
  readonly reason: HeldReason;
  readonly day: string | undefined;
  readonly detail: string | undefined;
  /** From when on it would be taken, in microseconds. */
  readonly due: number | undefined;
}

/** One change of a key of a source is held: the newest. */
export async function hold(
  { run }: Session,
  table: string,
  { source, batch }: Origin,
  changes: readonly ToHold[],
  at: string,
): Promise<void> {
  if (changes.length === 0) return;
  const column = (value: (change: ToHold) => string | null) => arrayOf(changes.map(value));
  await run(
    `insert into _holdfast_held (source, table_name, key, batch, kind, payload, reason, day, detail, is_walked, due, first_seen, last_seen, count)
     select $1::smallint, $2, g.key, $3::integer, g.kind, g.payload, g.reason, g.day, g.detail, g.is_walked, g.due, $4, $4, 1
     from unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[], $12::bigint[])
       as g(key, kind, payload, reason, day, detail, is_walked, due)
     on conflict (source, table_name, key) do update set batch = excluded.batch, kind = excluded.kind, payload = excluded.payload,
       reason = excluded.reason, day = excluded.day, detail = excluded.detail, is_walked = excluded.is_walked, due = excluded.due, last_seen = case when _holdfast_held.batch = excluded.batch then _holdfast_held.last_seen else excluded.last_seen end,
       -- A try to take it in is no new arrival.
       count = _holdfast_held.count + (_holdfast_held.batch <> excluded.batch)::integer`,
    [
      ...[String(source), table, String(batch), at],
      column(({ key }) => key),
      column(({ kind }) => kind),
      column(({ payload }) => payload),
      column(({ reason }) => reason),
      column(({ day }) => day ?? null),
      column(({ detail }) => detail ?? null),
      column(({ isWalked }) => String(isWalked)),
      column(({ due }) => (due === undefined ? null : String(Math.round(due)))),
    ],
  );
}

/** The keys of a table of which something of the source is held. */
export async function heldKeys({ run }: Session, table: string, source: number): Promise<Cell[][]> {
  const { rows } = await run('select key from _holdfast_held where source = $1 and table_name = $2', [
    String(source),
    table,
  ]);
  return rows.map(([key]) => parseKey(key ?? '[]'));
}

/** Whether anything of the source is held in the table: else nobody has to look for a key. */
export async function hasHeld({ run }: Session, table: string, source: number): Promise<boolean> {
  const { rows } = await run(
    'select exists (select from _holdfast_held where source = $1 and table_name = $2)',
    [String(source), table],
  );
  return rows[0]?.[0] === 't';
}

export async function letGoHeld(
  { run }: Session,
  table: string,
  source: number,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await run('delete from _holdfast_held where source = $1 and table_name = $2 and key = any($3::text[])', [
    String(source),
    table,
    arrayOf(keys),
  ]);
}

/** A held change as it is kept. */
export interface Held {
  readonly change: HeldChange;
  readonly sourceId: number;
  readonly batch: number;
  readonly isWalked: boolean;
  readonly payload: string | undefined;
}

/** In the order in which they were seen first, or in which they can be taken in: deletions before rows. */
export async function findHeld(
  { run }: Session,
  query: HeldQuery & { readonly dueBy?: number } = {},
  order: 'seen' | 'taken' = 'seen',
): Promise<Held[]> {
  const { condition, values } = heldWhere(query);
  const limit = query.limit === undefined ? '' : `limit ${Math.trunc(query.limit)}`;
  const { rows } = await run(
    `select h.id, s.name, h.table_name, h.key, h.day, h.reason, h.detail, h.kind, h.first_seen, h.last_seen, h.count, h.source, h.batch, h.is_walked, h.payload
     from _holdfast_held h join _holdfast_source s on s.id = h.source where ${condition} order by ${order === 'seen' ? 'h.id' : 'h.batch, h.kind, h.id'} ${limit}`,
    values,
  );
  return rows.map(
    ([
      id,
      source,
      table,
      key,
      day,
      reason,
      detail,
      kind,
      firstSeen,
      lastSeen,
      count,
      sourceId,
      batch,
      isWalked,
      payload,
    ]) => ({
      change: {
        id: Number(id),
        source: source ?? '',
        table: table ?? '',
        key: parseKey(key ?? '[]'),
        day: day ?? undefined,
        reason: reason as HeldReason,
        detail: detail ?? undefined,
        kind: kind === 'tombstone' ? 'tombstone' : 'upsert',
        firstSeen: firstSeen ?? '',
        lastSeen: lastSeen ?? '',
        count: Number(count),
      },
      sourceId: Number(sourceId),
      batch: Number(batch),
      isWalked: isWalked === 't',
      payload: payload ?? undefined,
    }),
  );
}

export async function discardHeld({ run }: Session, query: HeldQuery): Promise<number> {
  const { condition, values } = heldWhere(query);
  const limit = query.limit === undefined ? '' : `limit ${Math.trunc(query.limit)}`;
  const { count } = await run(
    `delete from _holdfast_held where id in (
       select h.id from _holdfast_held h join _holdfast_source s on s.id = h.source where ${condition} order by h.batch, h.kind, h.id ${limit})`,
    values,
  );
  return count;
}

/** Those whose row staff corrected since: a person has to say which of both it shall be. */
export async function correctedSince({ run }: Session): Promise<Set<number>> {
  const { rows } = await run(
    `select h.id from _holdfast_held h join _holdfast_correction c
       on c.table_name = h.table_name and c.key = h.key and c.at >= h.last_seen`,
  );
  return new Set(rows.map(([id]) => Number(id)));
}

function heldWhere({ source, reason, table, day, dueBy }: HeldQuery & { dueBy?: number }): {
  condition: string;
  values: string[];
} {
  const conditions = [dueBy === undefined ? 'true' : `h.due <= ${Math.floor(dueBy)}`];
  const values: string[] = [];
  const add = (column: string, value: string | undefined) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`${column} = $${values.length}`);
  };
  add('s.name', source);
  add('h.reason', reason);
  add('lower(h.table_name)', table?.toLowerCase());
  add('h.day', day);
  return { condition: conditions.join(' and '), values };
}

/** The stamps of the newest deletions of these keys by other sources, by the key. */
export async function deletedByOthers(
  { run }: Session,
  table: string,
  source: number,
  keys: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await run(
    'select key, max(stamp) from _holdfast_tombstone where table_name = $1 and key = any($2::text[]) and source <> $3 group by key',
    [table, arrayOf(keys), String(source)],
  );
  return new Map(rows.map(([key, stamp]) => [key ?? '', Number(stamp)]));
}

export async function rememberDeleted(
  { run }: Session,
  table: string,
  source: number,
  keys: readonly string[],
  stamp: number,
): Promise<void> {
  if (keys.length === 0) return;
  await run(
    `insert into _holdfast_tombstone (table_name, key, source, stamp)
     select $1, k, $2::smallint, $3::bigint from unnest($4::text[]) as g(k)
     on conflict (table_name, key, source) do update set stamp = greatest(_holdfast_tombstone.stamp, excluded.stamp)`,
    [table, String(source), String(stamp), arrayOf(keys)],
  );
}

/** The rows are there again. */
export async function forgetDeleted({ run }: Session, table: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await run('delete from _holdfast_tombstone where table_name = $1 and key = any($2::text[])', [
    table,
    arrayOf(keys),
  ]);
}

/** Forget what is older, and write down how far; the last one answers from when on all is remembered. */
export function pruningStatements(before: number): [string, string] {
  const stamp = String(Math.floor(before));
  return [
    `with gone as (delete from _holdfast_tombstone where stamp < ${stamp} returning 1)
     insert into _holdfast_setting (name, value) select 'deletions_since', ${stamp} where exists (select from gone)
     on conflict (name) do update set value = greatest(_holdfast_setting.value, excluded.value)`,
    `select value from _holdfast_setting where name = 'deletions_since'`,
  ];
}

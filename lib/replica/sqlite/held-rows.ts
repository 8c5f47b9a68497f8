// Changes that are kept back: once a key and source, the newest.
import type { HeldReason } from '../../delta/batch.ts';
import type { Cell } from '../../delta/cell.ts';
import { parseKey } from '../../delta/held-payload.ts';
import type { HeldChange } from '../../delta/peer.ts';
import type { Database } from '../../sqlite/open.ts';
import type { HeldQuery } from '../replica.ts';

export interface HeldRecord {
  id: number;
  source: number;
  batch: number;
  table_name: string;
  key: string;
  kind: 'upsert' | 'tombstone';
  reason: HeldReason;
  day: string | null;
  detail: string | null;
  due: number | null;
  is_walked: number;
  /** Of an upsert: see held-payload.ts. */
  payload: string | null;
}

export function keepHeld(database: Database, held: Omit<HeldRecord, 'id'>, now: string): void {
  database
    .prepare(
      `INSERT INTO _holdfast_held (source, batch, table_name, key, kind, reason, day, detail, due, is_walked,
         payload, first_seen, last_seen, count)
       VALUES (:source, :batch, :table_name, :key, :kind, :reason, :day, :detail, :due, :is_walked,
         :payload, :now, :now, 1)
       ON CONFLICT (table_name, key, source) DO UPDATE SET batch = excluded.batch, kind = excluded.kind,
         reason = excluded.reason, day = excluded.day, detail = excluded.detail, due = excluded.due, is_walked = excluded.is_walked,
         payload = excluded.payload,
         last_seen = CASE WHEN batch = excluded.batch THEN last_seen ELSE excluded.last_seen END,
         count = count + (batch <> excluded.batch)`, // a try to take it in is no new arrival
    )
    .run({ ...held, due: held.due === null ? null : BigInt(held.due), now });
}

/** Whether anything of the source is held in the table: else nobody has to look for a key. */
export function hasHeld(database: Database, source: number, table: string): boolean {
  const found = database
    .prepare('SELECT 1 FROM _holdfast_held WHERE table_name = ? AND source = ? LIMIT 1')
    .get(table, source);
  return found !== undefined;
}

export function forgetHeld(database: Database, source: number, table: string, key: string): void {
  database
    .prepare('DELETE FROM _holdfast_held WHERE table_name = ? AND key = ? AND source = ?')
    .run(table, key, source);
}

/** In the order in which they came; deletions before rows, so that they can be taken in. */
export function heldRecords(database: Database, query: HeldQuery): HeldRecord[] {
  const { where, parameters } = conditions(query);
  return database
    .prepare(
      `SELECT h.* FROM _holdfast_held h JOIN _holdfast_source s ON s.id = h.source ${where}
       ORDER BY h.batch, h.kind, h.id ${query.limit === undefined ? '' : 'LIMIT :limit'}`,
    )
    .all(parameters) as HeldRecord[];
}

/** Those that were ahead of the clock, and are not any more. */
export function dueRecords(database: Database, stamp: number): HeldRecord[] {
  return database
    .prepare('SELECT * FROM _holdfast_held WHERE due <= ? ORDER BY batch, kind, id')
    .all(BigInt(stamp)) as HeldRecord[];
}

/** Those whose row staff corrected since: a person has to say which of both it shall be. */
export function correctedSince(database: Database): Set<number> {
  const ids = database
    .prepare(
      `SELECT h.id FROM _holdfast_held h JOIN _holdfast_correction c
         ON c.table_name = h.table_name AND c.key = h.key AND c.at >= h.last_seen`,
    )
    .pluck()
    .all() as number[];
  return new Set(ids);
}

export function discardHeld(database: Database, query: HeldQuery): number {
  const records = heldRecords(database, query);
  const remove = database.prepare('DELETE FROM _holdfast_held WHERE id = ?');
  for (const { id } of records) remove.run(id);
  return records.length;
}

export function listHeld(database: Database, query: HeldQuery): HeldChange[] {
  const { where, parameters } = conditions(query);
  const rows = database
    .prepare(
      `SELECT h.*, s.name AS source_name FROM _holdfast_held h JOIN _holdfast_source s ON s.id = h.source ${where}
       ORDER BY h.id ${query.limit === undefined ? '' : 'LIMIT :limit'}`,
    )
    .all(parameters) as (HeldRecord & {
    source_name: string;
    first_seen: string;
    last_seen: string;
    count: number;
  })[];
  return rows.map((row) => ({
    id: row.id,
    source: row.source_name,
    table: row.table_name,
    key: parseKey(row.key),
    day: row.day ?? undefined,
    reason: row.reason,
    detail: row.detail ?? undefined,
    kind: row.kind,
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    count: row.count,
  }));
}

export function countHeld(database: Database): Partial<Record<HeldReason, number>> {
  const rows = database
    .prepare('SELECT reason, count(*) AS count FROM _holdfast_held GROUP BY reason ORDER BY reason')
    .all() as { reason: HeldReason; count: number }[];
  return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
}

function conditions({ source, reason, table, day, limit }: HeldQuery) {
  const asked = [
    ['s.name = :source', 'source', source],
    ['h.reason = :reason', 'reason', reason],
    ['h.table_name = :table COLLATE NOCASE', 'table', table],
    ['h.day = :day', 'day', day],
  ] as const;
  const given = asked.filter(([, , value]) => value !== undefined);
  const where = given.length === 0 ? '' : `WHERE ${given.map(([condition]) => condition).join(' AND ')}`;
  return {
    where,
    parameters: {
      ...Object.fromEntries(given.map(([, name, value]) => [name, value])),
      ...(limit === undefined ? {} : { limit: Math.max(0, Math.floor(limit)) }),
    },
  };
}

/** The keys of a table of which something of the source is held. */
export function heldKeys(database: Database, source: number, table: string): Cell[][] {
  const texts = database
    .prepare('SELECT key FROM _holdfast_held WHERE table_name = ? AND source = ?')
    .pluck()
    .all(table, source) as string[];
  return texts.map(parseKey);
}

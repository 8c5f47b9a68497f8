// How a replica stands, in numbers.
import { columnsKept } from '../../delta/mirror-shape.ts';
import type { Database } from '../../sqlite/open.ts';
import { quoteIdentifier } from '../../sqlite/open.ts';
import { type HeldGroup, heldGroupsMax, type ReplicaStanding, type ReplicaStatus } from '../replica.ts';
import { countHeld } from './held-rows.ts';
import { allSources, stateOf } from './ledger.ts';
import { knownShapes } from './shapes.ts';

/** Rows are counted anew only after something was written: a status is asked for often, and a count reads the table. */
export class RowCounts {
  readonly #database: Database;
  readonly #rows = new Map<string, number>();
  #version: unknown;

  constructor(database: Database) {
    this.#database = database;
  }

  of(table: string): number {
    const version = this.#database.pragma('data_version', { simple: true });
    if (version !== this.#version) this.#rows.clear();
    this.#version = version;
    const known = this.#rows.get(table) ?? countRows(this.#database, table);
    this.#rows.set(table, known);
    return known;
  }
}

export function replicaStatus(database: Database, counts: RowCounts): ReplicaStatus {
  return {
    tables: knownShapes(database).map(({ table, shape, columns, waiting }) => ({
      table,
      rows: shape === undefined ? 0 : counts.of(shape.name),
      state: waiting === undefined ? 'live' : 'unapproved',
      columnsKept: columnsKept(shape, { columns }),
    })),
    held: countHeld(database),
    sources: sourcesOf(database),
  };
}

export function replicaStanding(database: Database): ReplicaStanding {
  const groups = database
    .prepare(
      `SELECT s.name AS source, h.table_name AS "table", h.reason, h.day, count(*) AS changes, min(h.first_seen) AS firstSeen,
         max(h.last_seen) AS lastSeen
       FROM _holdfast_held h JOIN _holdfast_source s ON s.id = h.source
       GROUP BY s.name, h.table_name, h.reason, h.day ORDER BY changes DESC LIMIT ${heldGroupsMax}`,
    )
    .all() as (Omit<HeldGroup, 'day'> & { day: string | null })[];
  return {
    held: groups.map((group) => ({ ...group, day: group.day ?? undefined })),
    sources: sourcesOf(database),
  };
}

function sourcesOf(database: Database): ReplicaStatus['sources'] {
  return allSources(database).map((row) => ({
    ...stateOf(row.name, row),
    lastBatchAt: row.last_batch_at ?? undefined,
    lastTakenAt: row.last_taken_at ?? undefined,
    isResyncing: row.is_resyncing === 1,
    batches: row.batches,
    rows: row.rows,
  }));
}

function countRows(database: Database, table: string): number {
  return Number(
    database
      .prepare(`SELECT count(*) FROM ${quoteIdentifier(table)}`)
      .pluck()
      .get(),
  );
}

// How a replica stands, in numbers.
import type { Database } from '../../sqlite/open.ts';
import { quoteIdentifier } from '../../sqlite/open.ts';
import type { ReplicaStatus } from '../replica.ts';
import { countHeld } from './held-rows.ts';
import { allSources, stateOf } from './ledger.ts';
import { knownShapes } from './shapes.ts';

export function replicaStatus(database: Database): ReplicaStatus {
  return {
    tables: knownShapes(database).map(({ table, shape, waiting }) => ({
      table,
      rows: shape === undefined ? 0 : countRows(database, shape.name),
      state: waiting === undefined ? 'live' : 'unapproved',
    })),
    held: countHeld(database),
    sources: allSources(database).map((row) => ({
      ...stateOf(row.name, row),
      lastBatchAt: row.last_batch_at ?? undefined,
      lastTakenAt: row.last_taken_at ?? undefined,
      isResyncing: row.is_resyncing === 1,
      batches: row.batches,
      rows: row.rows,
    })),
  };
}

function countRows(database: Database, table: string): number {
  return Number(
    database
      .prepare(`SELECT count(*) FROM ${quoteIdentifier(table)}`)
      .pluck()
      .get(),
  );
}

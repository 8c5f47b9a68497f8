// What a replica knows of its master, in a table of its own beside the rows.
import type { NextState, PulledState } from '../../delta/pulled.ts';
import type { Database } from '../open.ts';

export const bookkeeping = `
  CREATE TABLE _holdfast_pull (
    id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT, schema_version TEXT, changed_at TEXT, full_sync_at TEXT,
    syncs INTEGER NOT NULL, failed INTEGER NOT NULL, records INTEGER NOT NULL);
  CREATE TABLE _holdfast_shape (name TEXT PRIMARY KEY, shape TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO _holdfast_pull VALUES (1, NULL, NULL, NULL, NULL, 0, 0, 0);`;

export function readState(database: Database): PulledState {
  const row = database.prepare('SELECT * FROM _holdfast_pull').get() as StateRow;
  return {
    cursor: row.cursor ?? undefined,
    schemaVersion: row.schema_version ?? undefined,
    changedAt: row.changed_at ?? undefined,
    fullSyncAt: row.full_sync_at ?? undefined,
    totals: { syncs: row.syncs, failed: row.failed, records: row.records },
  };
}

/** In the transaction that is open. */
export function writeState(
  database: Database,
  { cursor, schemaVersion, totals }: NextState,
  { at, isFull }: { at: string; isFull: boolean },
): void {
  database
    .prepare(
      `UPDATE _holdfast_pull SET cursor = ?, schema_version = ?, changed_at = ?, syncs = ?, failed = ?, records = ?,
        full_sync_at = coalesce(?, full_sync_at)`,
    )
    .run(
      cursor ?? null,
      schemaVersion ?? null,
      at,
      totals.syncs,
      totals.failed,
      totals.records,
      isFull ? at : null,
    );
}

interface StateRow {
  cursor: string | null;
  schema_version: string | null;
  changed_at: string | null;
  full_sync_at: string | null;
  syncs: number;
  failed: number;
  records: number;
}

// What is old enough to be forgotten: the history stays small, and a day's work of it is done once a day.
import type { HistoryDatabase } from './database.ts';
import { note, putNote } from './check-rows.ts';
import { batchRowsMax } from './delta-rows.ts';

const dayMs = 86_400_000;
const noteKey = 'pruned-at';

/**
 * Forgets what is older than `keepDays`, once a day. Of backups only those whose state decides nothing any more; what
 * is dated after now, by a clock that was ahead, stays until its time has come.
 */
export function pruneHistory(database: HistoryDatabase, keepDays: number, now: Date): void {
  const prunedAt = note(database, noteKey);
  const sinceMs = prunedAt === undefined ? dayMs : now.getTime() - Date.parse(prunedAt);
  if (sinceMs >= 0 && sinceMs < dayMs) return;
  const before = new Date(now.getTime() - keepDays * dayMs).toISOString();
  database.transaction(() => {
    database.run(`DELETE FROM runs WHERE started_at < :before AND outcome <> 'running'`, { before });
    database.run(`DELETE FROM backups WHERE taken_at < :before AND state <> 'damaged-untold'`, { before });
    for (const [table, column] of tables)
      database.run(`DELETE FROM ${table} WHERE ${column} < :before`, { before });
    database.run('DELETE FROM incidents WHERE closed_at < :before', { before });
    database.run('DELETE FROM batches WHERE id <= (SELECT max(id) FROM batches) - :most', {
      most: batchRowsMax,
    });
    putNote(database, noteKey, now.toISOString());
  });
}

const tables = [
  ['drills', 'at'],
  ['looks', 'at'],
  ['deliveries', 'at'],
  ['check_changes', 'at'],
  ['measurements', 'at'],
  ['batches', 'at'],
] as const;

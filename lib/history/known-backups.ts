// Which backups the history knows of, for who completes a name: what was removed since is not among them.
import type { HistoryDatabase } from './database.ts';

export interface KnownBackup {
  app: string;
  /** In the store. */
  name: string;
  state: string;
  takenAt: Date;
  sizeBytes: number;
}

/** Older ones are looked for in a list, and not by their first letters. */
const rowsMax = 10_000;

/** Newest first; of every app unless one is named. Throws what SQLite throws. */
export function knownBackups(database: Pick<HistoryDatabase, 'all'>, app: string | undefined): KnownBackup[] {
  return database
    .all(
      `SELECT app, name, state, taken_at, size_bytes FROM backups
       WHERE (:app IS NULL OR app = :app) AND state NOT LIKE 'removed%' ORDER BY taken_at DESC LIMIT ${rowsMax}`,
      { app: app ?? null },
    )
    .map((row) => ({
      app: String(row['app']),
      name: String(row['name']),
      state: String(row['state']),
      takenAt: new Date(String(row['taken_at'])),
      sizeBytes: Number(row['size_bytes']),
    }));
}

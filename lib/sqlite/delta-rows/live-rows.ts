// The rows of an app's database, read for a comparison with what a receiver has of them.
import type { LiveRows } from '../../delta/live-rows.ts';
import { sqliteError } from '../errors.ts';
import { openSource } from '../live-reader.ts';
import { requireSource } from '../look.ts';
import { countBehind } from './count-behind.ts';
import { countDays, readAtOnce, readDays, readDigests, readKeys } from './read-buckets.ts';
import { readLive } from './read-live.ts';
import type { ScannedTable } from './scanned-table.ts';

/** Throws what looking at the database and opening it throws. */
export async function openLiveRows(path: string): Promise<LiveRows> {
  const look = await requireSource(path);
  const database = openSource({ source: look.path, file: look.file, wal: look.wal });
  const read = readLive(database);
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw sqliteError(`compare the rows of ${path}`, error);
    }
  };
  return {
    table(shape, day) {
      const table: ScannedTable = { database, shape, day };
      return {
        digest: (queries) => guarded(() => readDigests(table, queries, read)),
        // Of each at most `limit`: all together no more than that many times as much.
        keys: (queries, limit) => guarded(() => readKeys(table, queries, limit * queries.length, read)),
        days: () =>
          guarded(async () => (read === readAtOnce ? readDays(table) : await countDays(table, read))),
        rowsBehind: (key) => guarded(() => countBehind(table, key, read)),
      };
    },
    [Symbol.dispose]: () => database.close(),
  };
}

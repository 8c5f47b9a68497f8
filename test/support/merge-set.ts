// One file out of a copied SQLite set, the shortest way; the product has its own in lib/sqlite.
import { rm } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { errorCode } from '../../lib/base/errors.ts';
import type { MergeSet } from '../../lib/placement/merge.ts';

/** Lets SQLite recover the set at `database` and leaves one file; undefined when SQLite finds it damaged. */
export const mergeSet: MergeSet = async (database) => {
  try {
    const connection = new Database(database);
    try {
      connection.pragma('schema_version'); // the first read rolls a hot journal back
      connection.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!/^SQLITE_(CORRUPT|NOTADB)/.test(errorCode(error) ?? '')) throw error;
    return undefined;
  }
  // A journal that holds nothing to roll back stays where journal_mode is PERSIST.
  for (const suffix of ['-wal', '-shm', '-journal']) await rm(`${database}${suffix}`, { force: true });
  return database;
};

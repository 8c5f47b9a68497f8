// Both databases, open: each alone, for what it is like, and both in one connection, for what is looked up in the other.
import { attachImmutable, type Database, openImmutable, schemaTroubleOf, tolerateSchema } from '../open.ts';
import type { DiffPair } from '../../source/database-diff.ts';

export interface Sides {
  /** The backup as `main`; the database of now is attached as `now`, unless `apart` says why not. */
  readonly both: Database;
  /** The database of now as `main`. */
  readonly now: Database | undefined;
  readonly apart: string | undefined;
}

export function openSides({ backup, now }: DiffPair): Sides {
  const both = openAlone(backup);
  both.pragma('temp_store = FILE'); // what is sorted lies on the disk, and not in memory
  both.pragma('automatic_index = OFF'); // an index made for one question is as large as its table
  if (now === undefined) return { both, now: undefined, apart: undefined };
  const alone = openAlone(now);
  const [then, since] = [encodingOf(both), encodingOf(alone)];
  if (then !== since)
    return {
      both,
      now: alone,
      apart: `text is kept as ${since} now, and as ${then} in the backup: rows are counted only`,
    };
  attachImmutable(both, now, 'now');
  return { both, now: alone, apart: undefined };
}

function openAlone(path: string): Database {
  const database = openImmutable(path);
  if (schemaTroubleOf(database) !== undefined) tolerateSchema(database);
  return database;
}

function encodingOf(database: Database): string {
  return String(database.pragma('encoding', { simple: true }));
}

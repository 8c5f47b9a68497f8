// Two databases as a test wants them, for the comparison of both.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { compareRows } from '../../../lib/sqlite/diff/compare-rows.ts';
import type { ComparedRows } from '../../../lib/source/database-diff.ts';
import { openSides, type Sides } from '../../../lib/sqlite/diff/sides.ts';
import { scratch } from '../../support/scratch.ts';

export type Build = (database: Database.Database) => unknown;

/** Makes both databases and compares them; what is left is removed. */
export function withBoth<T>(then: Build, now: Build, look: (sides: Sides) => T): T {
  const directory = scratch();
  const [backup, live] = [join(directory, 'then.db'), join(directory, 'now.db')];
  for (const [path, build] of [
    [backup, then],
    [live, now],
  ] as const) {
    const database = new Database(path);
    database.pragma('synchronous = OFF');
    build(database);
    database.close();
  }
  const sides = openSides({ backup, now: live, temporary: directory });
  try {
    return look(sides);
  } finally {
    sides.both.close();
    sides.now?.close();
    rmSync(directory, { recursive: true });
  }
}

export function compare(then: Build | string, now: Build | string, table = 't', keysMax = 5): ComparedRows {
  const build = (what: Build | string): Build => (typeof what === 'string' ? (db) => db.exec(what) : what);
  return withBoth(build(then), build(now), (sides) => compareRows(sides, table, keysMax));
}

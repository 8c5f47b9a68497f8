// The rows of one table that is in both databases: by its key where it has one, else row by row.
import { errorMessage } from '../../base/errors.ts';
import { needsTheApp } from '../errors.ts';
import type { Database } from '../open.ts';
import { compareByKey } from './by-key.ts';
import { compareByRow } from './by-row.ts';
import type { ComparedRows, RowsDiff } from '../../source/database-diff.ts';
import { folded, pairOf, type Shape, shapeOf, type TablePair } from './shape.ts';
import type { Sides } from './sides.ts';

/** Never throws for what is wrong with one table: the others are compared all the same. */
export function compareRows({ both, now, apart }: Sides, table: string, keysMax: number): ComparedRows {
  if (now === undefined) throw new Error('there is no database to compare with');
  if (apart !== undefined) return { problem: apart };
  try {
    const names = { backup: nameIn(both, table), now: nameIn(now, table) };
    const [then, since] = [shapeOf(both, names.backup), shapeOf(now, names.now)];
    const pair = pairOf(names, then, since);
    if (pair.columns.length === 0)
      return { problem: 'the backup and the database of now have no column in common' };
    const rows = compared(both, pair, keysMax);
    return { ...rows, notes: [...rows.notes, ...otherColumns(then, since, pair)] };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/** As that side writes it. */
function nameIn(database: Database, table: string): string {
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck();
  return (names.all() as string[]).find((name) => folded(name) === folded(table)) ?? table;
}

/** Without a key that can be looked up, by what stands in the rows. */
function compared(database: Database, pair: TablePair, keysMax: number): RowsDiff {
  try {
    const found = pair.key.length === 0 ? undefined : byKey(database, pair, keysMax);
    return found ?? byRow(database, pair);
  } catch (error) {
    if (!needsTheApp(error)) throw error;
    // The order of its key, most likely: without that the key leads nowhere, but the rows may be read.
    try {
      return byRow(database, pair);
    } catch {
      throw error;
    }
  }
}

function byKey(database: Database, pair: TablePair, keysMax: number): RowsDiff | undefined {
  const found = compareByKey(database, pair, keysMax);
  if (found === undefined) return undefined;
  const { added, removed } = pair.mayLackKey
    ? compareByRow(database, pair, 'without key')
    : { added: 0, removed: 0 };
  return {
    by: 'key',
    key: pair.key.map(({ name }) => name),
    ...found,
    added: found.added + added,
    removed: found.removed + removed,
    notes: added + removed === 0 ? [] : [`rows whose key is NULL: ${added} added, ${removed} removed`],
  };
}

function byRow(database: Database, pair: TablePair): RowsDiff {
  const found = compareByRow(database, pair, 'all');
  return {
    by: 'row',
    key: [],
    ...found,
    changed: 0,
    keys: { added: [], removed: [], changed: [] },
    notes: ['compared without a key: a row that changed counts as one removed and one added'],
  };
}

function otherColumns(then: Shape, since: Shape, { columns }: TablePair): string[] {
  if (columns.length === then.columns.length && columns.length === since.columns.length) return [];
  return ['rows are compared by the columns that both have'];
}

function problemOf(error: unknown): string {
  const message = errorMessage(error);
  if (/no such collation sequence/.test(message)) return `only the app can read it: ${message}`;
  return message;
}

// Rows that have a key, each looked up on the other side by it. Where rows have numbers as well, one that stands under its old
// number as it was is done with: keys in no order would be looked up all over the disk.
import type { KeySamples, RowsDiff } from '../../source/database-diff.ts';
import { exactCells, type RawCell, storesUtf8 } from '../delta-rows/exact-cells.ts';
import type { Database } from '../open.ts';
import { column, differs, lacksKey, sameKey, sameKeyAsFound } from './conditions.ts';
import { keyWords } from './key-words.ts';
import type { TablePair } from './shape.ts';

type ByKey = Pick<RowsDiff, 'added' | 'removed' | 'changed' | 'keys'>;

/** Undefined where a row could only be found by reading the whole table for each. */
export function compareByKey(database: Database, pair: TablePair, keysMax: number): ByKey | undefined {
  const [lost, gained] = [lostSql(database, pair), gainedSql(database, pair)];
  if (![lost, gained].every((sql) => looksUp(database, sql))) return undefined;
  const found: ByKey = { added: 0, removed: 0, changed: 0, keys: { added: [], removed: [], changed: [] } };
  const note = (kind: keyof KeySamples, cells: RawCell[]) => {
    found[kind] += 1;
    if (found[kind] <= keysMax) found.keys[kind].push(keyWords(exactCells(cells)));
  };
  for (const [isGone, ...cells] of rowsOf(database, lost)) note(isGone === 1n ? 'removed' : 'changed', cells);
  for (const [, ...cells] of rowsOf(database, gained)) note('added', cells);
  return found;
}

/** Rows of the backup that are gone, or are not as they were. */
function lostSql(database: Database, pair: TablePair): string {
  const { backup, now, key, rowid } = pair;
  const isOther = differs(pair, 'a', 'b');
  return [
    `SELECT ${isMissing(pair, 'b')}, ${keyColumns(database, pair, 'a')} FROM ${backup} AS a NOT INDEXED`,
    ...(isPaired(pair)
      ? [`LEFT JOIN ${now} AS p ON ${column('p', rowid?.now ?? '')} = ${column('a', rowid?.backup ?? '')}`]
      : []),
    `LEFT JOIN ${now} AS b ON ${sameKey(key, 'a', 'b')}`,
    `WHERE (${isMissing(pair, 'b')} OR ${isOther})`,
    ...(isPaired(pair)
      ? [`AND (${column('p', rowid?.now ?? '')} IS NULL OR ${differs(pair, 'a', 'p')})`]
      : []),
    ...(pair.mayLackKey ? [`AND NOT ${lacksKey(key, 'a')}`] : []),
  ].join(' ');
}

/** Rows of now whose key the backup has not. */
function gainedSql(database: Database, pair: TablePair): string {
  const { backup, now, key, rowid } = pair;
  return [
    `SELECT 0, ${keyColumns(database, pair, 'a')} FROM ${now} AS a NOT INDEXED`,
    ...(isPaired(pair)
      ? [`LEFT JOIN ${backup} AS p ON ${column('p', rowid?.backup ?? '')} = ${column('a', rowid?.now ?? '')}`]
      : []),
    `LEFT JOIN ${backup} AS b ON ${sameKey(key, 'a', 'b')}`,
    `WHERE ${isMissing(pair, 'b')}`,
    ...(isPaired(pair)
      ? [`AND (${column('p', rowid?.backup ?? '')} IS NULL OR NOT ${sameKeyAsFound(key, 'a', 'p')})`]
      : []),
    ...(pair.mayLackKey ? [`AND NOT ${lacksKey(key, 'a')}`] : []),
  ].join(' ');
}

/** A key that is the number of its row needs no second one. */
function isPaired({ rowid, isRowidKey }: TablePair): boolean {
  return rowid !== undefined && !isRowidKey;
}

/** A row that was looked up is not there. */
function isMissing({ key }: TablePair, alias: string): string {
  return `${column(alias, key[0]?.name ?? '')} IS NULL`;
}

/** As `exactCells` takes them. */
function keyColumns(database: Database, { key }: TablePair, alias: string): string {
  const isExact = storesUtf8(database);
  return key
    .map(({ name }) => column(alias, name))
    .map(
      (one) =>
        `${one}, ${isExact ? `CASE typeof(${one}) WHEN 'text' THEN CAST(${one} AS BLOB) END` : 'NULL'}`,
    )
    .join(', ');
}

/** Only the side that it begins with is read from end to end. */
function looksUp(database: Database, sql: string): boolean {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
  return steps.filter(({ detail }) => detail.startsWith('SCAN')).length === 1;
}

function rowsOf(database: Database, sql: string): IterableIterator<RawCell[]> {
  return database.prepare(sql).raw().safeIntegers().iterate() as IterableIterator<RawCell[]>;
}

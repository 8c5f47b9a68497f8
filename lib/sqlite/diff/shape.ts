// How the rows of a table can be told apart, read from SQLite's own pragmas on one side.
import { type Database, quoteIdentifier } from '../open.ts';

/** A column that holds what was written to it. */
interface StoredColumn {
  name: string;
  /** As it was declared. */
  type: string;
  isNotNull: boolean;
}

export interface KeyColumn {
  name: string;
  collation: string;
}

export interface Shape {
  /** Without those that are generated: they follow from the others, and may need what only the app has. */
  columns: StoredColumn[];
  /** A name of the number that each row has; undefined WITHOUT ROWID, or where columns have all of its names. */
  rowid: string | undefined;
  /** The primary key, in its order; empty without one. */
  key: KeyColumn[];
  /** The key is that number. */
  isRowidKey: boolean;
}

interface Column {
  name: string;
  type: string;
  notnull: number;
  pk: number;
  hidden: number;
}

/** ASCII letters alone: so SQLite compares names. */
export function folded(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function shapeOf(database: Database, table: string): Shape {
  const all = database
    .prepare('SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?, \'main\')')
    .all(table) as Column[];
  const columns = all
    .filter(({ hidden }) => hidden === 0)
    .map(({ name, type, notnull }) => ({ name, type, isNotNull: notnull !== 0 }));
  const inKey = all.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const index = database
    .prepare("SELECT name FROM pragma_index_list(?, 'main') WHERE origin = 'pk'")
    .pluck()
    .get(table) as string | undefined;
  const isRowidKey = inKey.length === 1 && index === undefined;
  const key =
    index === undefined ? inKey.map(({ name }) => ({ name, collation: 'BINARY' })) : keyOf(database, index);
  const rowid = isRowidKey ? inKey[0]?.name : rowidName(database, table, all);
  return { columns, rowid, key, isRowidKey };
}

function keyOf(database: Database, index: string): KeyColumn[] {
  return database
    .prepare("SELECT name, coll AS collation FROM pragma_index_xinfo(?, 'main') WHERE key = 1 ORDER BY seqno")
    .all(index) as KeyColumn[];
}

function rowidName(database: Database, table: string, columns: readonly Column[]): string | undefined {
  const withoutRowid = database
    .prepare("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?")
    .pluck()
    .get(table);
  if (withoutRowid !== 0) return undefined;
  const taken = new Set(columns.map(({ name }) => folded(name)));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
}

/** The two sides of a table, as far as they are alike. */
export interface TablePair {
  /** As FROM has them. */
  backup: string;
  now: string;
  /** Columns of both; compared with their storage class where a column may hold the same number as two of them. */
  columns: { name: string; mayMix: boolean }[];
  /** Of both sides, or neither. */
  rowid: { backup: string; now: string } | undefined;
  /** Where both have the same one. */
  key: KeyColumn[];
  isRowidKey: boolean;
  /** Some row may have NULL in its key, which makes it none. */
  mayLackKey: boolean;
}

/** `names`: how each side calls the table. */
export function pairOf(names: { backup: string; now: string }, backup: Shape, now: Shape): TablePair {
  const there = new Map(now.columns.map((column) => [folded(column.name), column]));
  const shared = backup.columns.flatMap((column) => {
    const other = there.get(folded(column.name));
    return other === undefined ? [] : [{ column, other }];
  });
  const isSameKey =
    JSON.stringify(keyWords(backup)) === JSON.stringify(keyWords(now)) &&
    backup.isRowidKey === now.isRowidKey;
  const inKey = new Set(backup.key.map(({ name }) => folded(name)));
  const hasNumbers = backup.rowid !== undefined && now.rowid !== undefined;
  return {
    backup: `main.${quoteIdentifier(names.backup)}`,
    now: `now.${quoteIdentifier(names.now)}`,
    columns: shared.map(({ column, other }) => ({
      name: column.name,
      // A column of numbers has each of them in one form, and one of text has none.
      mayMix: column.type !== other.type || /^(|.*blob.*|any)$/i.test(column.type),
    })),
    rowid: hasNumbers ? { backup: backup.rowid ?? '', now: now.rowid ?? '' } : undefined,
    key: isSameKey ? backup.key : [],
    isRowidKey: backup.isRowidKey,
    mayLackKey:
      !backup.isRowidKey &&
      shared.some(
        ({ column, other }) => inKey.has(folded(column.name)) && !(column.isNotNull && other.isNotNull),
      ),
  };
}

function keyWords({ key }: Shape): string[][] {
  return key.map(({ name, collation }) => [folded(name), folded(collation)]);
}

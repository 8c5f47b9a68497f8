// What the tables of a database are like, as far as their rows travel: read from SQLite's own pragmas, never guessed.
import type { CollatedColumn, TriggerTable } from '../../delta/capture-sql.ts';
import { type ColumnShape, contentKey, isOwnTable, type TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../open.ts';

export interface TableFacts {
  readonly shape: TableShape;
  /** Undefined where no trigger could name its rows, or not all that are pushed out. */
  readonly triggers: Omit<TriggerTable, 'id'> | undefined;
  /** The tables that its rows refer to. */
  readonly parents: readonly string[];
  /** Whether its rows have numbers that a scan can follow. */
  readonly hasRowid: boolean;
}

interface Column {
  name: string;
  type: string;
  notnull: bigint;
  pk: bigint;
  /** 0: as written; 1: of a virtual table; 2 and 3: generated. */
  hidden: bigint;
}

/** All tables with rows of their own, parents before children. Neither virtual tables and what they keep, nor ours. */
export function readTables(database: Database): TableFacts[] {
  const list = database
    .prepare(
      `SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all() as { name: string; wr: number | bigint }[];
  const facts = list
    .filter(({ name }) => !isOwnTable(name))
    .map(({ name, wr }) => factsOf(database, name, Number(wr) === 0));
  return parentsFirst(facts.filter((one) => one !== undefined));
}

/** Undefined for a table that has nothing but what is generated. */
function factsOf(database: Database, name: string, hasRowid: boolean): TableFacts | undefined {
  const all = database
    .prepare(`SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)`)
    .safeIntegers()
    .all(name) as Column[];
  const columns = all.filter(({ hidden }) => hidden === 0n);
  if (columns.length === 0) return undefined;
  const indexes = uniqueIndexes(database, name);
  const key = all.filter(({ pk }) => pk > 0n).sort((one, other) => Number(one.pk - other.pk));
  const isAlias =
    hasRowid &&
    key.length === 1 &&
    key[0]?.type.toUpperCase() === 'INTEGER' &&
    indexes.every(({ origin }) => origin !== 'pk');
  const isFilled = !hasRowid || key.every(({ notnull, hidden }) => notnull === 1n && hidden === 0n);
  const canTell = key.length > 0 && (isAlias || isFilled) && isKnownOrder(indexes);
  const shapes = columns.map(shapeOf);
  const rowid = hasRowid && !isAlias ? rowidOf(all) : undefined;
  const triggers = canTell ? triggerFacts(name, key, { indexes, rowid }) : undefined;
  const shape: TableShape = canTell
    ? { name, columns: shapes, key: key.map((column) => column.name), identity: 'primary' }
    : { name, columns: [...shapes, keyColumn], key: [contentKey], identity: 'content' };
  return { shape, triggers, parents: parentsOf(database, name), hasRowid };
}

const keyColumn: ColumnShape = { name: contentKey, declared: 'TEXT', notNull: true };

function shapeOf({ name, type, notnull }: Column): ColumnShape {
  return { name, declared: type, notNull: notnull === 1n };
}

interface UniqueIndex {
  origin: string;
  /** Undefined where it is of an expression: nobody can say which rows it pushes out. */
  columns: CollatedColumn[] | undefined;
}

function uniqueIndexes(database: Database, table: string): UniqueIndex[] {
  const list = database
    .prepare(`SELECT name, origin FROM pragma_index_list(?) WHERE "unique"`)
    .all(table) as { name: string; origin: string }[];
  return list.map(({ name, origin }) => {
    const columns = database
      .prepare('SELECT name, coll AS collation, cid FROM pragma_index_xinfo(?) WHERE key')
      .all(name) as (CollatedColumn & { cid: number })[];
    const isPlain = columns.every(({ cid }) => Number(cid) >= 0);
    return {
      origin,
      columns: isPlain ? columns.map(({ name, collation }) => ({ name, collation })) : undefined,
    };
  });
}

/** A key that only the app knows how to compare cannot be looked up here. */
function isKnownOrder(indexes: UniqueIndex[]): boolean {
  const ofKey = indexes.find(({ origin }) => origin === 'pk')?.columns ?? [];
  return ofKey.every(({ collation }) => ['BINARY', 'NOCASE', 'RTRIM'].includes(collation.toUpperCase()));
}

/** By which a statement may put a row in the place of another one, though it is no key; undefined where nobody can name it. */
function rowidOf(columns: Column[]): CollatedColumn | undefined {
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  const name = ['rowid', '_rowid_', 'oid'].find((one) => !names.has(one));
  return name === undefined ? undefined : { name, collation: 'BINARY' };
}

function triggerFacts(
  name: string,
  key: Column[],
  { indexes, rowid }: { indexes: UniqueIndex[]; rowid: CollatedColumn | undefined },
): TableFacts['triggers'] {
  const others = indexes.filter(({ origin }) => origin !== 'pk').map(({ columns }) => columns);
  const uniques = others.filter((columns) => columns !== undefined);
  if (uniques.length < others.length) return undefined;
  const ofKey = indexes.find(({ origin }) => origin === 'pk')?.columns;
  const collationOf = (column: string) => ofKey?.find((one) => one.name === column)?.collation ?? 'BINARY';
  return {
    name,
    key: key.map((column) => ({ name: column.name, collation: collationOf(column.name) })),
    uniques: rowid === undefined ? uniques : [...uniques, [rowid]],
  };
}

function parentsOf(database: Database, table: string): string[] {
  return database
    .prepare(`SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`)
    .pluck()
    .all(table) as string[];
}

/** In the given order where tables refer to each other in a ring. */
function parentsFirst(facts: readonly TableFacts[]): TableFacts[] {
  const byName = new Map(facts.map((one) => [one.shape.name.toLowerCase(), one]));
  const sorted = new Set<TableFacts>();
  const visit = (one: TableFacts, path: ReadonlySet<TableFacts>) => {
    if (sorted.has(one) || path.has(one)) return;
    for (const parent of one.parents) {
      const found = byName.get(parent.toLowerCase());
      if (found !== undefined) visit(found, new Set([...path, one]));
    }
    sorted.add(one);
  };
  for (const one of facts) visit(one, new Set());
  return [...sorted];
}

/** `"a", "b"`: the columns that hold data, as a query names them. */
export function columnList({ columns, identity }: TableShape): string {
  const own = identity === 'content' ? columns.slice(0, -1) : columns;
  return own.map(({ name }) => quoteIdentifier(name)).join(', ');
}

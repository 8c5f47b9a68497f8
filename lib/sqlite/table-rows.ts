// Rows per table, also of tables that SQLite can only count with the app's own collations.
import type { TableRows } from '../source/facts.ts';
import { needsTheApp } from './errors.ts';
import { quoteIdentifier, type Database } from './open.ts';

/** A table that has rows of its own. */
export interface CountableTable {
  /** No two have one: see `countTable`. */
  name: string;
  /** Its row in the schema. */
  id: number;
  /** Whether SQLite finds it by its name. */
  isNamed: boolean;
}

/** Counts every table that has rows of its own; a virtual table has none (its shadow tables are counted). */
export function countTables(database: Database): TableRows[] {
  return countableTables(database).map((table) => ({
    name: table.name,
    rows: countTable(database, table),
  }));
}

/** The tables that have rows of their own, in the order of their names. */
export function countableTables(database: Database): CountableTable[] {
  const tables = database
    .prepare(
      `SELECT rowid AS id, name, hex(CAST(name AS BLOB)) AS bytes FROM sqlite_schema
        WHERE type = 'table' AND rootpage > 0 ORDER BY name`,
    )
    .all() as { id: number; name: string; bytes: string }[];
  const times = new Map<string, number>();
  for (const { name } of tables) times.set(name, (times.get(name) ?? 0) + 1);
  return tables.map(({ id, name, bytes }) =>
    times.get(name) === 1
      ? { id, name, isNamed: true }
      : { id, name: ownName(`${name} (bytes ${bytes})`, times), isNamed: false },
  );
}

/**
 * The rows of one of them. Names that are no text can be one text when they are read as one: by that SQLite would find another table,
 * or none.
 */
export function countTable(database: Database, { id, name, isNamed }: CountableTable): number {
  return isNamed ? countRows(database, id, name) : countCells(database, id);
}

/** The name, unless a table is really called so. */
function ownName(name: string, taken: ReadonlyMap<string, number>): string {
  return taken.has(name) ? ownName(`${name}'`, taken) : name;
}

function countRows(database: Database, id: number, name: string): number {
  const quoted = quoteIdentifier(name);
  // SQLite counts along the smallest index, which it opens only where it knows the index's collation.
  for (const table of [quoted, `${quoted} NOT INDEXED`]) {
    try {
      return Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    } catch (error) {
      if (!needsTheApp(error)) throw error;
    }
  }
  return countCells(database, id);
}

/**
 * What remains where the table itself is ordered by an unknown collation, or where its name is no text: every row is a
 * cell of the table's b-tree, in its leaves only or, WITHOUT ROWID, in all of its pages
 * (https://sqlite.org/fileformat2.html, 1.6).
 */
function countCells(database: Database, id: number): number {
  const cells = database.prepare(
    `SELECT coalesce(sum(ncell), 0) FROM dbstat
      WHERE name = (SELECT name FROM sqlite_schema WHERE rowid = :id) AND (pagetype = 'leaf' OR :everywhere)`,
  );
  const sql = database.prepare('SELECT sql FROM sqlite_schema WHERE rowid = ?').pluck().get(id);
  const everywhere = /\bwithout\s+rowid\b[^)]*$/i.test(String(sql)) ? 1 : 0;
  return Number(cells.pluck().get({ id, everywhere }));
}

// What can be measured again from a copy at any time: by this a backup is compared with its manifest and with the
// backup before it. A part common to all engines, and the engine's own.
import type { PostgresOwnFacts } from './postgres-facts.ts';
import type { SqliteFacts } from './sqlite-facts.ts';

/** Rows in one table. An array of these, not an object, because a table may be called `__proto__`. */
export interface TableRows {
  name: string;
  rows: number;
}

/** Tables that are not listed one by one. */
export interface MoreTables {
  count: number;
  rows: number;
  /** SHA-256 over one line a table, `["name",rows]` as JSON, sorted by name. */
  sha256: string;
}

/** What is known of a copy of any kind. */
export interface CommonFacts {
  sizeBytes: number;
  /** One entry per table, names unique. */
  tables: TableRows[];
  /** Of the tables that are not among `tables`; only a manifest leaves some out, where it has no room for all. */
  moreTables?: MoreTables;
}

/** What only one kind of database has, told apart by `engine`. */
export type EngineFacts = SqliteFacts | PostgresOwnFacts;

/** The engine of a database: it makes the copies, and it alone can say what is in one. */
export type Engine = EngineFacts['engine'];

/** The facts of one engine. */
export type FactsOf<Name extends Engine> = Extract<EngineFacts, { engine: Name }>;

/** All facts of a copy, measured from its bytes. */
export type MeasuredFacts = CommonFacts & EngineFacts;

/** Rows of all tables together. */
export function totalRows(tables: readonly TableRows[]): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

/** A table's name as it may be shown inside a sentence: quoted unless it is a plain word, cut at 60 characters. */
export function tableLabel(name: string): string {
  const cut = name.length <= 60 ? name : `${name.slice(0, 59)}…`;
  return /^[\p{L}\p{N}_.$…-]+$/u.test(cut) ? cut : JSON.stringify(cut);
}

/** The sentences, or the first ten of them and `and N more`: a report that nobody reads to its end helps nobody. */
export function firstTen(sentences: readonly string[]): string[] {
  if (sentences.length <= 10) return [...sentences];
  return [...sentences.slice(0, 10), `and ${sentences.length - 10} more`];
}

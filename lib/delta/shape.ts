// What a table is like, as far as its rows travel: names, affinities, and the columns that tell its rows apart.
import { createHash } from 'node:crypto';

export interface TableShape {
  /** As the source calls it. */
  readonly name: string;
  /** Those that hold data of their own, in the order of the table: no generated ones. */
  readonly columns: readonly ColumnShape[];
  /** The names of the columns of its key, in their order; never empty. */
  readonly key: readonly string[];
  /**
   * How its rows are told apart: by its `primary` key, or, where it has none that could, by their `content`: then the key
   * is the one column `_holdfast_key`, which the sender adds as the last: the row's hash in 16 hex digits, ":" and which
   * of the equal rows it is, from 1.
   */
  readonly identity: 'primary' | 'content';
}

export interface ColumnShape {
  readonly name: string;
  /** As it was declared; '' for none. For people, and for what a mirror's column is declared as. */
  readonly declared: string;
  readonly notNull: boolean;
}

/** The name of the key's column where rows are told apart by their content. */
export const contentKey = '_holdfast_key';

/** What all tables of ours in a database of others begin with; none of them is ever synchronised, exported or compared. */
export const ownPrefix = '_holdfast_';

/** Whether the table is one of ours in a database of others. Names differ by letter case alone in no SQLite database. */
export function isOwnTable(name: string): boolean {
  return name.toLowerCase().startsWith(ownPrefix);
}

/** SQLite's affinity of a declared type (https://sqlite.org/datatype3.html, section 3.1). */
export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC';

export function affinityOf(declared: string): Affinity {
  const type = declared.toUpperCase();
  if (type.includes('INT')) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'TEXT';
  if (type === '' || type.includes('BLOB')) return 'BLOB';
  if (/REAL|FLOA|DOUB/.test(type)) return 'REAL';
  return type === 'ANY' ? 'BLOB' : 'NUMERIC';
}

/** 16 hex digits: the same exactly when the rows of both can be taken for rows of the other. */
export function fingerprint({ name, columns, key, identity }: TableShape): string {
  const text = JSON.stringify([
    name,
    columns.map((column) => [column.name, column.declared, column.notNull]),
    key,
    identity,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

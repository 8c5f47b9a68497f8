// What can be measured again from a database file at any time: by this a backup is compared with its manifest and
// with the backup before it.

/** Rows in one table. An array of these, not an object, because a table may be called `__proto__`. */
export interface TableRows {
  name: string;
  rows: number;
}

/** The measurable facts of a database file, equal for equal content whoever measures them, and when. */
export interface Facts {
  /** Always `pageSize` times `pageCount`. */
  sizeBytes: number;
  pageSize: number;
  pageCount: number;
  /**
   * Pages on the free list, which hold nothing. Absent where nobody counted them; then the whole file counts as
   * in use, and a VACUUM looks like loss.
   */
  freePageCount?: number;
  userVersion: number;
  applicationId: number;
  /** SHA-256 over the schema, lower-case hex. */
  schemaSha256: string;
  /** One entry per table, names unique. */
  tables: TableRows[];
  /** What `foreign_key_check` counts; an app may run with violations, so zero is not required. */
  foreignKeyViolations: number;
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

// A table of a master in its replica: the same columns, types and key, and no rule that a row could break.
import { type Cell, isBrokenText } from '../../delta/cell.ts';
import type { Change } from '../../delta/change.ts';
import { contentKey, fingerprint, type TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier, type Statement } from '../open.ts';

/**
 * The statement that makes it. A declared type is text from elsewhere: SQLite takes it quoted, like a name. Keys are compared
 * by their bytes, whatever the master does: it has told apart what it sends.
 */
export function createTable({ name, columns, key, identity }: TableShape): string {
  const lines = columns
    .filter((column) => column.name !== contentKey)
    .map((column) => `${quoteIdentifier(column.name)} ${typeOf(column.declared)}`.trimEnd());
  const keys = key.map((column) => `${quoteIdentifier(column)} COLLATE BINARY`).join(', ');
  if (identity === 'primary') lines.push(`PRIMARY KEY (${keys})`);
  return `CREATE TABLE ${quoteIdentifier(name)} (${lines.join(', ')})`;
}

/** INTEGER has to stand alone and plain, for the key to be the row's number. */
function typeOf(declared: string): string {
  if (declared === '') return '';
  return declared.toUpperCase() === 'INTEGER' ? 'INTEGER' : quoteIdentifier(declared);
}

export function sameShape(one: TableShape, other: TableShape): boolean {
  return fingerprint(one) === fingerprint(other);
}

export interface RowWriter {
  write(change: Change): void;
}

/** Writes rows, and removes them by their key. */
export function rowWriter(database: Database, shape: TableShape): RowWriter {
  const columns = shape.columns.filter(({ name }) => name !== contentKey);
  const table = quoteIdentifier(shape.name);
  const prepared = new Map<string, Statement>();
  const run = (sql: string, cells: readonly Cell[]) => {
    const statement = prepared.get(sql) ?? database.prepare(sql);
    prepared.set(sql, statement);
    statement.run(...cells.map(valueOf));
  };
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return {
    write(change) {
      if (change.kind === 'upsert') {
        const cells = columns.map((_, index) => change.cells[index] ?? null);
        run(`INSERT OR REPLACE INTO ${table} (${names}) VALUES (${cells.map(placeOf).join(', ')})`, cells);
        return;
      }
      const terms = shape.key.map(
        (name, index) => `${quoteIdentifier(name)} = ${placeOf(change.key[index] ?? null)}`,
      );
      run(`DELETE FROM ${table} WHERE ${terms.join(' AND ')}`, change.key);
    },
  };
}

/** Tells whether a row is there exactly so. */
export function rowLookup(database: Database, shape: TableShape): (cells: readonly Cell[]) => boolean {
  const columns = shape.columns.filter(({ name }) => name !== contentKey);
  return (cells) => {
    const given = columns.map((_, index) => cells[index] ?? null);
    const terms = columns.map(
      ({ name }, index) => `${quoteIdentifier(name)} IS ${placeOf(given[index] ?? null)}`,
    );
    const sql = `SELECT 1 FROM ${quoteIdentifier(shape.name)} WHERE ${terms.join(' AND ')}`;
    return database.prepare(sql).get(...given.map(valueOf)) !== undefined;
  };
}

function placeOf(cell: Cell): string {
  return isBrokenText(cell) ? 'CAST(? AS TEXT)' : '?';
}

function valueOf(cell: Cell): unknown {
  return isBrokenText(cell) ? cell.text : cell;
}

// Changes as a script of SQL, for a server that has no receiver: each piece is one transaction, and may be run twice.
import type { BatchRange } from './batch.ts';
import { type Cell, isBrokenText } from './cell.ts';
import type { Collected } from './capture.ts';
import type { Change } from './change.ts';
import { quoted } from './capture-sql.ts';
import type { TableShape } from './shape.ts';

export type Dialect = 'sqlite' | 'postgres';

/** What no script can say, as a sentence; thrown where a value or a table cannot be written. */
export class Unwritable extends Error {}

/** The statements of a piece, with BEGIN and COMMIT around them. Throws Unwritable. */
export function* sqlScript(
  { changes, tables, range }: Collected & { readonly changes: readonly Change[] },
  dialect: Dialect,
): Generator<string> {
  for (const { name, identity } of tables)
    if (identity === 'content')
      throw new Unwritable(
        `the rows of ${name} have no key by which a statement could name them: name it in without`,
      );
  yield 'BEGIN;';
  if (range !== undefined) {
    const shape = shapeAt(tables, range.table);
    yield `DELETE FROM ${quoted(shape.name)}${between(shape, range, dialect)};`;
  }
  for (const change of changes) {
    const shape = shapeAt(tables, change.table);
    yield change.kind === 'tombstone'
      ? `DELETE FROM ${quoted(shape.name)} WHERE ${isKey(shape, change.key, dialect)};`
      : upsert(shape, change.cells, dialect);
  }
  yield 'COMMIT;';
}

function shapeAt(tables: readonly TableShape[], index: number): TableShape {
  const shape = tables[index];
  if (shape === undefined) throw new Error('a change is of a table that its piece has not');
  return shape;
}

function upsert({ name, columns, key }: TableShape, cells: readonly Cell[], dialect: Dialect): string {
  const names = columns.map((column) => quoted(column.name));
  const others = columns.filter((column) => !key.includes(column.name)).map((column) => quoted(column.name));
  const set = others.map((one) => `${one} = excluded.${one}`).join(', ');
  const conflict = `ON CONFLICT (${key.map(quoted).join(', ')}) DO ${set === '' ? 'NOTHING' : `UPDATE SET ${set}`}`;
  const values = cells.map((cell) => sqlLiteral(cell, dialect)).join(', ');
  return `INSERT INTO ${quoted(name)} (${names.join(', ')}) VALUES (${values}) ${conflict};`;
}

function isKey({ key }: TableShape, cells: readonly Cell[], dialect: Dialect): string {
  return key
    .map((name, index) => `${quoted(name)} = ${sqlLiteral(cells[index] ?? null, dialect)}`)
    .join(' AND ');
}

/** All rows between the two keys but those that are kept: those that are still there follow. */
function between(shape: TableShape, { after, through, kept = [] }: BatchRange, dialect: Dialect): string {
  const { key } = shape;
  const names = `(${key.map(quoted).join(', ')})`;
  const row = (cells: readonly Cell[]) => `(${cells.map((cell) => sqlLiteral(cell, dialect)).join(', ')})`;
  const bounds = [
    ...(after === undefined ? [] : [`${names} > ${row(after)}`]),
    ...(through === undefined ? [] : [`${names} <= ${row(through)}`]),
    ...kept.map((cells) => `NOT (${isKey(shape, cells, dialect)})`),
  ];
  return bounds.length === 0 ? '' : ` WHERE ${bounds.join(' AND ')}`;
}

/** A value as a statement has it. Throws Unwritable. */
export function sqlLiteral(cell: Cell, dialect: Dialect): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number') return realLiteral(cell, dialect);
  if (typeof cell === 'string') return textLiteral(cell, dialect);
  if (isBrokenText(cell)) {
    if (dialect === 'postgres') throw new Unwritable('PostgreSQL takes no text that is not UTF-8');
    return `CAST(X'${hex(cell.text)}' AS TEXT)`;
  }
  return dialect === 'sqlite' ? `X'${hex(cell)}'` : String.raw`'\x${hex(cell)}'::bytea`;
}

function realLiteral(value: number, dialect: Dialect): string {
  if (!Number.isFinite(value))
    return dialect === 'sqlite'
      ? `${value < 0 ? '-' : ''}9e999`
      : `'${value < 0 ? '-' : ''}Infinity'::float8`;
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function textLiteral(text: string, dialect: Dialect): string {
  if (!text.includes('\0')) return `'${text.replaceAll("'", "''")}'`;
  if (dialect === 'postgres') throw new Unwritable('PostgreSQL takes no text with a NUL in it');
  return `CAST(X'${hex(Buffer.from(text, 'utf8'))}' AS TEXT)`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

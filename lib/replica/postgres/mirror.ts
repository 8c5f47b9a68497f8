// A table of a source as it stands in PostgreSQL: which columns of which type, and the statements about rows of it. Every
// statement is about many rows: values travel as one array a column.
import type { Cell } from '../../delta/cell.ts';
import { isSameName } from '../../delta/day.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type ColumnKind, decode, encode, isOrdered, kindOf, sqlTypes, Unfit } from './column.ts';
import { quote } from '../../postgres/names.ts';
import { unfitName } from './sql.ts';

/** Whose a row is, the batch it came with, and since when it is deleted at its source. */
export const ownColumns = {
  source: '_holdfast_source',
  batch: '_holdfast_batch',
  deletedAt: '_holdfast_deleted_at',
} as const;

export interface MirrorColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** As it is declared at the source. */
  readonly declared: string;
}

/** An index of PostgreSQL holds no longer keys; what is longer is unfit. */
const keyBytesMax = 2500;
/** PostgreSQL has no more in a table. */
const columnsMax = 1590;

/** The rows of one shape in the table that a replica has for it, which may have more columns. */
export class Mirror {
  readonly shape: TableShape;
  /** Those of the shape, in its order. */
  readonly columns: readonly MirrorColumn[];
  /** Where the columns of the key are among the columns. */
  readonly keyAt: readonly number[];
  /** With its schema, quoted. */
  readonly table: string;

  readonly name: string;

  /** `made`: what the table was made as, which decides its name, and the names and types of its columns. */
  constructor(schema: string, made: TableShape, shape: TableShape) {
    this.shape = shape;
    this.columns = shape.columns.map((column) => {
      const { name, declared } = made.columns.find((one) => isSameName(one.name, column.name)) ?? column;
      return { name, declared, kind: kindOf(declared) };
    });
    this.keyAt = shape.key.map((name) => shape.columns.findIndex((column) => column.name === name));
    this.name = made.name;
    this.table = `${quote(schema)}.${quote(made.name)}`;
  }

  get keyColumns(): readonly MirrorColumn[] {
    return this.keyAt.flatMap((at) => this.columns[at] ?? []);
  }

  /** Whether PostgreSQL puts its keys in the order that SQLite has them in. */
  get isOrdered(): boolean {
    return this.keyColumns.every(({ kind }) => isOrdered(kind));
  }

  keyOf(cells: readonly Cell[]): Cell[] {
    return this.keyAt.map((at) => cells[at] ?? null);
  }

  /** The columns as a list. */
  names(prefix = ''): string {
    return this.columns.map(({ name }) => prefix + quote(name)).join(', ');
  }

  keyNames(prefix = ''): string {
    return this.keyColumns.map(({ name }) => prefix + quote(name)).join(', ');
  }

  /** `create table`. Staff may add rows of their own, which are of nobody. */
  create(): string {
    const columns = this.columns.map(({ name, kind }) => `${quote(name)} ${declaration(kind)}`);
    const own = [ownColumns.source, ownColumns.batch].map((name) => `${name} integer not null default 0`);
    own.push(`${ownColumns.deletedAt} text`);
    return `create table ${this.table} (${[...columns, ...own].join(', ')}, primary key (${this.keyNames()}))`;
  }

  /** The values of a row as the server reads them, or which column cannot hold its value and why. */
  encode(cells: readonly Cell[]): (string | null)[] | Unfit {
    const values: (string | null)[] = [];
    for (const [index, { name, kind }] of this.columns.entries()) {
      const value = encode(cells[index] ?? null, kind);
      if (value instanceof Unfit) return new Unfit(`${name}: ${value.why}`);
      values.push(value);
    }
    return unfitKey(this.keyAt.map((at) => values[at] ?? null)) ?? values;
  }

  /** The same of a key, in which a whole REAL may be written as an INTEGER. */
  encodeKey(key: readonly Cell[]): (string | null)[] | Unfit {
    const values: (string | null)[] = [];
    for (const [index, { name, kind }] of this.keyColumns.entries()) {
      const cell = key[index] ?? null;
      const value = encode(typeof cell === 'bigint' && kind === 'real' ? Number(cell) : cell, kind);
      if (value instanceof Unfit) return new Unfit(`${name}: ${value.why}`);
      values.push(value);
    }
    return unfitKey(values) ?? values;
  }

  /** The same; undefined for a key that no row can have. */
  fitKey(key: readonly Cell[]): (string | null)[] | undefined {
    const values = this.encodeKey(key);
    return values instanceof Unfit ? undefined : values;
  }

  /** Of a row that is asked for as `names()`. */
  decode(values: readonly (string | null)[]): Cell[] {
    return this.columns.map(({ kind }, index) => decode(values[index] ?? null, kind));
  }

  decodeKey(values: readonly (string | null)[]): Cell[] {
    return this.keyColumns.map(({ kind }, index) => decode(values[index] ?? null, kind));
  }

  /** `unnest(…) as <name>(k0, k1, …, i)`: keys that are given from parameter `first` on, and which one it is, from 1. */
  keysGiven(name: string, first = 1): string {
    const arrays = this.keyColumns.map(({ kind }, index) => `$${first + index}::${sqlTypes[kind]}[]`);
    const names = this.keyAt.map((_, index) => `k${index}`);
    return `unnest(${arrays.join(', ')}) with ordinality as ${name}(${[...names, 'i'].join(', ')})`;
  }

  /** Whether the rows called `row` and `given` have one key. */
  sameKey(row: string, given: string): string {
    return this.keyColumns
      .map(({ name }, index) => `${row}.${quote(name)} = ${given}.k${index}`)
      .join(' and ');
  }
}

/** Why PostgreSQL cannot have a table like this; undefined where it can. */
export function unfitShape({ name, columns }: TableShape): string | undefined {
  if (columns.length > columnsMax) return `it has more columns than PostgreSQL has in a table`;
  const names = [unfitName(name, 'table'), ...columns.map((column) => unfitName(column.name, 'column'))];
  return names.find((why) => why !== undefined);
}

/** Text compares by its bytes, as keys do in a source. */
export function declaration(kind: ColumnKind): string {
  return sqlTypes[kind] === 'text' ? 'text collate "C"' : sqlTypes[kind];
}

function unfitKey(values: readonly (string | null)[]): Unfit | undefined {
  let bytes = 0;
  for (const value of values) {
    if (value === null) return new Unfit('NULL in its key');
    bytes += value.length < keyBytesMax ? Buffer.byteLength(value) : value.length;
  }
  return bytes > keyBytesMax ? new Unfit('a key that is longer than PostgreSQL has in an index') : undefined;
}

// From a document to rows: which tables its parts go to, column by column.
import type { Cell } from './cell.ts';
import type { Day } from './day.ts';
import { cellFromJson, NoCell } from './json-cell.ts';
import type { JsonTree } from './json-tree.ts';

/** Rows of one table: one, or with `each` one for every item of a list. */
export interface RowMapping {
  readonly table: string;
  /** The column that says the day: a document takes the place of all rows of its day. */
  readonly day: string;
  /** A JSON pointer (RFC 6901) to a list of the document. */
  readonly each: string | undefined;
  /**
   * For each column where its value is: `/key` in the document, `@/key` in the item and `@` the item itself, `#` its place
   * in the list from 0, `$day` the day, `=text` that text.
   */
  readonly columns: Readonly<Record<string, string>>;
}

/** A document is not what its mapping says; the message is the cause, with the place. */
export class NotMapped extends Error {}

/** What is wrong with where a column's value is said to be, in words; undefined when it can be used. */
export function pointerProblem(pointer: string): string | undefined {
  return /^(\$day|#|@|=.*|@?(?:\/.*)+)$/s.test(pointer)
    ? undefined
    : 'must be "/key", "@/key", "@", "#", "$day" or "=text"';
}

/** What a row is made of. */
export interface Around {
  document: JsonTree;
  /** Of the list, where there is one. */
  item: JsonTree | undefined;
  index: number;
  day: Day;
}

/** The row that a mapping makes. Throws NotMapped. */
export function mappedRow(
  { table, each, columns: pointers }: RowMapping,
  columns: readonly string[],
  around: Around,
): Cell[] {
  return columns.map((column) => {
    const place = `${table}.${column}${each === undefined ? '' : ` of item ${around.index}`}`;
    return cellAt(pointers[column] ?? '', around, place);
  });
}

/** What a mapping asks the document for, beside its list. */
export function documentPointers({ columns }: RowMapping): string[] {
  return Object.values(columns).filter((pointer) => pointer.startsWith('/'));
}

/** The items that become rows; one row without any where no list is named. Throws NotMapped. */
export function itemsAt(document: JsonTree, { each }: RowMapping): readonly (JsonTree | undefined)[] {
  return each === undefined ? [undefined] : listAt(document, each);
}

/** What is wrong with mappings that stand beside each other, in words: those of one table have one day and the same columns. */
export function mappingsProblem(mappings: readonly RowMapping[]): string | undefined {
  const byTable = new Map<string, RowMapping>();
  for (const mapping of mappings) {
    const first = byTable.get(mapping.table) ?? mapping;
    byTable.set(mapping.table, first);
    if (shape(first) !== shape(mapping)) return `has other columns for ${mapping.table} than before`;
  }
  return undefined;
}

function shape({ day, columns }: RowMapping): string {
  return JSON.stringify([day, Object.keys(columns).sort()]);
}

/** The row that an object is whose keys are the columns. Throws NotMapped. */
export function listedRow(
  row: JsonTree,
  index: number,
  { table, columns }: { table: string; columns: readonly string[] },
): Cell[] {
  if (!(row instanceof Map) || [...row.keys()].join('\0') !== columns.join('\0'))
    throw new NotMapped(`row ${index} of ${table} has not the columns of the first one`);
  return [...row].map(([column, value]) => cell(value, `${table}.${column} of row ${index}`));
}

function cellAt(pointer: string, { document, item, index, day }: Around, place: string): Cell {
  if (pointer === '$day') return day;
  if (pointer === '#') return BigInt(index);
  if (pointer.startsWith('=')) return pointer.slice(1);
  const [from, path] = pointer.startsWith('@') ? [item, pointer.slice(1)] : [document, pointer];
  const value = from === undefined ? undefined : valueAt(from, path);
  if (value === undefined) throw new NotMapped(`${pointer} is not there, for ${place}`);
  return cell(value, place);
}

function cell(value: JsonTree, place: string): Cell {
  try {
    return cellFromJson(value);
  } catch (error) {
    if (error instanceof NoCell) throw new NotMapped(`${error.message}, for ${place}`);
    throw error;
  }
}

function listAt(document: JsonTree, pointer: string): JsonTree[] {
  const list = valueAt(document, pointer);
  if (Array.isArray(list)) return list;
  throw new NotMapped(list === undefined ? `${pointer} is not there` : `${pointer} is no list`);
}

/** What a JSON pointer leads to; undefined where nothing is there. */
export function valueAt(value: JsonTree, pointer: string): JsonTree | undefined {
  const keys = pointer.split('/').slice(1);
  let at: JsonTree | undefined = value;
  for (const key of keys.map((escaped) => escaped.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (at instanceof Map) at = at.get(key);
    else if (Array.isArray(at) && /^\d+$/.test(key)) at = at[Number(key)];
    else return undefined;
  }
  return at;
}

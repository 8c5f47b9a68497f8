// Whether the rows of a shape can be taken for rows of a table that a replica has: compared with what was taken last.
import { affinityOf, contentKey, isOwnTable, type ColumnShape, type TableShape } from './shape.ts';
import { isSameName } from './day.ts';

/**
 * `same`: nothing is new. `wider`: the mirror lacks `columns`. `other`: a person has to say that it is the same table still, for
 * the reason in `why`. A column that the source has no more stays in the mirror, and is no difference.
 */
export type ShapeChange =
  | { readonly is: 'same' }
  | { readonly is: 'wider'; readonly columns: readonly ColumnShape[] }
  | { readonly is: 'other'; readonly why: string };

/** `mirror`: the columns that the mirror has, which may be more than its last shape had. */
export function shapeChange(
  shape: TableShape,
  mirror: Pick<TableShape, 'columns' | 'key' | 'identity'>,
): ShapeChange {
  if (shape.identity !== mirror.identity || !isSameKey(shape.key, mirror.key))
    return { is: 'other', why: 'its key is another one' };
  const missing: ColumnShape[] = [];
  for (const column of shape.columns) {
    const there = mirror.columns.find(({ name }) => isSameName(name, column.name));
    if (there === undefined) missing.push(column);
    else if (affinityOf(there.declared) !== affinityOf(column.declared))
      return { is: 'other', why: `its column ${column.name} holds another type` };
  }
  return missing.length === 0 ? { is: 'same' } : { is: 'wider', columns: missing };
}

/** Why no table of this shape can ever be mirrored; undefined where one can. */
export function shapeTrouble({ name, columns, identity }: TableShape): string | undefined {
  if (isOwnTable(name) || /^sqlite_/i.test(name)) return 'its name is kept for other tables';
  const own = columns.find((column) => isOwnTable(column.name) && column.name !== contentKey);
  if (own !== undefined) return `its column ${own.name} has a name that is kept for others`;
  const hasContentKey = columns.some((column) => column.name === contentKey);
  return hasContentKey === (identity === 'content') ? undefined : `it has no use for ${contentKey}`;
}

/** Columns of a mirror that its source has no more, or this source has not yet: they keep what they had. */
export interface KeptColumns {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Those of one table; none where it has no mirror. */
export function columnsKept(
  shape: Pick<TableShape, 'columns'> | undefined,
  mirror: Pick<TableShape, 'columns'> | undefined,
): string[] {
  if (shape === undefined || mirror === undefined) return [];
  return mirror.columns
    .map(({ name }) => name)
    .filter((name) => !shape.columns.some((column) => isSameName(column.name, name)));
}

/** Of the tables of a source those where there are any. `mirrorOf` gives the columns that the replica has. */
export function keptOf(
  shapes: readonly TableShape[],
  mirrorOf: (table: string) => Pick<TableShape, 'columns'> | undefined,
): KeptColumns[] {
  return shapes
    .map((shape) => ({ table: shape.name, columns: columnsKept(shape, mirrorOf(shape.name)) }))
    .filter(({ columns }) => columns.length > 0);
}

function isSameKey(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => isSameName(name, other[index] ?? ''));
}

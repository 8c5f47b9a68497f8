// Which tables a replica mirrors, and what they are like: taken as they come, or once a person has approved of them.
import { isSameName } from '../../delta/day.ts';
import { shapeChange, shapeTrouble } from '../../delta/mirror-shape.ts';
import type { ReplicaPolicy } from '../../delta/policy.ts';
import { type ColumnShape, fingerprint, type TableShape } from '../../delta/shape.ts';
import type { Database } from '../../sqlite/open.ts';
import { addColumns, createMirror, isNameTaken, rebuildMirror } from './mirror-schema.ts';

export interface KnownShape {
  readonly table: string;
  /** As it was last taken; undefined where it waits for approval and never was. */
  readonly shape: TableShape | undefined;
  /** All columns of the mirror that are of the source, also those that it has no more. */
  readonly columns: readonly ColumnShape[];
  readonly waiting: TableShape | undefined;
}

export function knownShape(database: Database, table: string): KnownShape | undefined {
  const row = database.prepare('SELECT * FROM _holdfast_shape WHERE table_name = ?').get(table);
  return row === undefined ? undefined : fromRow(row as ShapeRow);
}

export function knownShapes(database: Database): KnownShape[] {
  const rows = database.prepare('SELECT * FROM _holdfast_shape ORDER BY table_name').all() as ShapeRow[];
  return rows.map(fromRow);
}

/** Whether rows of this very shape are taken, and no other one waits. */
export function isTaken(database: Database, shape: TableShape): boolean {
  const known = knownShape(database, shape.name);
  if (known?.shape === undefined || known.waiting !== undefined) return false;
  return fingerprint(known.shape) === fingerprint(shape);
}

/** Whether rows of this shape are taken; where not, it waits for a person. Makes and widens mirrors: in a transaction. */
export function takeShape(database: Database, policy: ReplicaPolicy, shape: TableShape): boolean {
  const known = knownShape(database, shape.name);
  const trouble = shapeTrouble(shape) ?? takenName(database, shape, known);
  if (trouble !== undefined) return false;
  if (known?.shape === undefined) {
    if (policy.schema === 'approve') return wait(database, shape, 'it is new');
    createMirror(database, shape, shape.columns);
    return keep(database, shape, shape.columns);
  }
  const change = shapeChange(shape, { ...known.shape, columns: known.columns });
  if (change.is === 'other') return wait(database, shape, change.why);
  if (change.is === 'wider') {
    if (policy.schema === 'approve') return wait(database, shape, 'it has a new column');
    addColumns(database, known.shape.name, change.columns);
    return keep(database, shape, [...known.columns, ...change.columns]);
  }
  return keep(database, shape, known.columns);
}

/** Takes the shape that waits. */
export function approveShape(database: Database, { shape: before, columns, waiting }: KnownShape): void {
  if (waiting === undefined) return;
  if (before === undefined) {
    createMirror(database, waiting, waiting.columns);
    keep(database, waiting, waiting.columns);
    return;
  }
  const change = shapeChange(waiting, { ...before, columns });
  if (change.is === 'other') {
    rebuildMirror(database, waiting, { before, columns });
    const kept = columns.filter(
      ({ name }) =>
        !waiting.columns.some((column) => isSameName(column.name, name)) && !before.key.includes(name),
    );
    keep(database, waiting, [...waiting.columns, ...kept]);
    return;
  }
  const added = change.is === 'wider' ? change.columns : [];
  addColumns(database, before.name, added);
  keep(database, waiting, [...columns, ...added]);
}

function takenName(database: Database, shape: TableShape, known: KnownShape | undefined): string | undefined {
  return known?.shape === undefined && isNameTaken(database, shape.name)
    ? 'there is a table of that name which is no mirror'
    : undefined;
}

function wait(database: Database, shape: TableShape, why: string): false {
  database
    .prepare(
      `INSERT INTO _holdfast_shape (table_name, waiting, why) VALUES (:name, :shape, :why)
       ON CONFLICT DO UPDATE SET waiting = excluded.waiting, why = excluded.why`,
    )
    .run({ name: shape.name, shape: JSON.stringify(shape), why });
  return false;
}

function keep(database: Database, shape: TableShape, columns: readonly ColumnShape[]): true {
  database
    .prepare(
      `INSERT INTO _holdfast_shape (table_name, shape, columns) VALUES (:name, :shape, :columns)
       ON CONFLICT DO UPDATE SET shape = excluded.shape, columns = excluded.columns, waiting = NULL, why = NULL`,
    )
    .run({ name: shape.name, shape: JSON.stringify(shape), columns: JSON.stringify(columns) });
  return true;
}

interface ShapeRow {
  table_name: string;
  shape: string | null;
  columns: string | null;
  waiting: string | null;
}

function fromRow({ table_name: table, shape, columns, waiting }: ShapeRow): KnownShape {
  const parsed = (text: string | null) => (text === null ? undefined : (JSON.parse(text) as TableShape));
  return {
    table,
    shape: parsed(shape),
    columns: columns === null ? [] : (JSON.parse(columns) as ColumnShape[]),
    waiting: parsed(waiting),
  };
}

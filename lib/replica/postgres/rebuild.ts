// A table with another key or other types, and with the rows that it had: a frozen day is nowhere else.
import type { Cell } from '../../delta/cell.ts';
import { isSameName } from '../../delta/day.ts';
import type { ColumnShape, TableShape } from '../../delta/shape.ts';
import type { Session } from '../../postgres/writer.ts';
import { encode, kindOf, sqlTypes, Unfit } from './column.ts';
import { Mirror, ownColumns } from './mirror.ts';
import { quote } from '../../postgres/names.ts';
import { columnsOf, scan, type Values } from './stored-rows.ts';

const own = [ownColumns.source, ownColumns.batch, ownColumns.deletedAt].join(', ');

/**
 * Makes the table anew. Returns what it was made as: columns that the source has no more stay, and one whose values its new type
 * cannot hold takes any. Where the old one lacks a column of the new key, no row can be taken over.
 */
export async function rebuildTable(
  session: Session,
  schema: string,
  shape: TableShape,
  before: TableShape,
): Promise<TableShape> {
  const kept = before.columns.filter(
    ({ name }) => columnOf(shape, name) === undefined && !before.key.includes(name),
  );
  const old = new Mirror(schema, before, before);
  const misfits = await findMisfits(session, old, shape);
  const columns = [...shape.columns, ...kept].map((column) =>
    misfits.has(column.name) ? { ...column, declared: '' } : column,
  );
  const made: TableShape = { ...shape, name: before.name, columns };
  const aside = `${quote(schema)}.${quote(asideName)}`;
  await session.run(`alter table ${old.table} rename to ${quote(asideName)}`);
  await session.run(freeItsIndex(schema));
  const mirror = new Mirror(schema, made, made);
  await session.run(mirror.create());
  if (shape.key.every((name) => columnOf(before, name) !== undefined))
    await copyRows(session, { old, from: aside }, mirror);
  await session.run(`drop table ${aside}`);
  return made;
}

const asideName = '_holdfast_rebuilt';

/** Columns with a value that the type of now cannot hold. */
async function findMisfits(session: Session, old: Mirror, shape: TableShape): Promise<Set<string>> {
  const changed = old.columns.flatMap(({ name, kind }, at) => {
    const now = columnOf(shape, name);
    return now === undefined || kindOf(now.declared) === kind
      ? []
      : [{ name: now.name, declared: now.declared, at }];
  });
  const misfits = new Set<string>();
  if (changed.length === 0) return misfits;
  for await (const rows of scan(session, `select ${old.names()} from ${old.table}`)) {
    for (const cells of rows.map((row) => old.decode(row)))
      for (const { name, declared, at } of changed)
        if (encode(cells[at] ?? null, kindOf(declared)) instanceof Unfit) misfits.add(name);
  }
  return misfits;
}

async function copyRows(
  session: Session,
  { old, from }: { old: Mirror; from: string },
  mirror: Mirror,
): Promise<void> {
  const places = mirror.columns.map(({ name }) =>
    old.columns.findIndex((column) => isSameName(column.name, name)),
  );
  const width = mirror.columns.length;
  const arrays = [...mirror.columns.map(({ kind }) => sqlTypes[kind]), 'integer', 'integer', 'text'].map(
    (type, index) => `$${index + 1}::${type}[]`,
  );
  for await (const rows of scan(session, `select ${own}, ${old.names()} from ${from}`)) {
    const values = rows.flatMap(([source = null, batch = null, deletedAt = null, ...row]): Values[] => {
      const before = old.decode(row);
      const cells = places.map((at): Cell => before[at] ?? null);
      const encoded = mirror.encode(cells);
      return encoded instanceof Unfit ? [] : [[...encoded, source, batch, deletedAt]];
    });
    // Where two rows have one key now, one of them is left; its source sends what is so.
    await session.run(
      `insert into ${mirror.table} (${mirror.names()}, ${own}) select * from unnest(${arrays.join(', ')}) on conflict do nothing`,
      columnsOf(values, width + 3),
    );
  }
}

/** The index of the old table gives up its name, which the new one's has. */
function freeItsIndex(schema: string): string {
  const constraints = `select conname from pg_constraint where contype = 'p' and conrelid = to_regclass('${`${quote(schema)}.${asideName}`.replaceAll("'", "''")}')`;
  return `do $holdfast$ declare name text; begin
    for name in ${constraints} loop
      execute format('alter table ${quote(schema).replaceAll("'", "''").replaceAll('%', '%%')}.${asideName} rename constraint %I to _holdfast_rebuilt_key', name);
    end loop;
  end $holdfast$`;
}

function columnOf(shape: TableShape, name: string): ColumnShape | undefined {
  return shape.columns.find((column) => isSameName(column.name, name));
}

// Rows of a mirror: found by their keys, put, marked, removed, and read one after another in bounded memory.
import type { Cell } from '../../delta/cell.ts';
import type { TablePolicy } from '../../delta/policy.ts';
import type { Session } from '../../postgres/writer.ts';
import { sqlTypes } from './column.ts';
import { type Mirror, ownColumns } from './mirror.ts';
import { quote } from '../../postgres/names.ts';
import { arrayOf } from './sql.ts';

/** A row as the server reads or writes it, in the order of its mirror's columns. */
export type Values = readonly (string | null)[];

export interface FoundRow {
  readonly cells: readonly Cell[];
  /** Whose it is; 0 for one that staff added, negative where that source has it no more. */
  readonly source: number;
  readonly batch: number;
}

/** Those that are there, by their place among the keys. */
export async function findRows(
  { run }: Session,
  mirror: Mirror,
  keys: readonly Values[],
): Promise<Map<number, FoundRow>> {
  const found = new Map<number, FoundRow>();
  if (keys.length === 0) return found;
  const { rows } = await run(
    `select g.i, t.${ownColumns.source}, t.${ownColumns.batch}, ${mirror.names('t.')} from ${mirror.keysGiven('g')} join ${mirror.table} t on ${mirror.sameKey('t', 'g')}`,
    columnsOf(keys, mirror.keyAt.length),
  );
  for (const [i, source, batch, ...values] of rows) {
    found.set(Number(i) - 1, {
      cells: mirror.decode(values),
      source: Number(source),
      batch: Number(batch),
    });
  }
  return found;
}

/** Inserts them, or puts them in the place of what has their keys. */
export async function putRows(
  { run }: Session,
  mirror: Mirror,
  rows: readonly Values[],
  { source, batch }: { source: number; batch: number },
): Promise<void> {
  if (rows.length === 0) return;
  const arrays = mirror.columns.map(({ kind }, index) => `$${index + 1}::${sqlTypes[kind]}[]`);
  const names = mirror.columns.map((_, index) => `c${index}`);
  // The key as well: 1 and 1.0 are one key, and not one value.
  const set = [...mirror.columns.map(({ name }) => quote(name)), ownColumns.source, ownColumns.batch].map(
    (name) => `${name} = excluded.${name}`,
  );
  set.push(`${ownColumns.deletedAt} = null`);
  await run(
    `insert into ${mirror.table} (${mirror.names()}, ${ownColumns.source}, ${ownColumns.batch})
     select ${names.join(', ')}, ${source}, ${batch} from unnest(${arrays.join(', ')}) as g(${names.join(', ')})
     on conflict (${mirror.keyNames()}) do update set ${set.join(', ')}`,
    columnsOf(rows, mirror.columns.length),
  );
}

/** What a deletion does to rows: they go, or stay as those that their source has no more. */
export async function takeAway(
  session: Session,
  mirror: Mirror,
  keys: readonly Values[],
  { how, source, batch, now }: { how: TablePolicy['deletions']; source: number; batch: number; now: Date },
): Promise<void> {
  if (how === 'apply') return removeRows(session, mirror, keys);
  const deletedAt = how === 'mark' ? now.toISOString() : null;
  await disownRows(session, mirror, keys, { source, batch, deletedAt });
}

async function removeRows({ run }: Session, mirror: Mirror, keys: readonly Values[]): Promise<void> {
  if (keys.length === 0) return;
  await run(
    `delete from ${mirror.table} t using ${mirror.keysGiven('g')} where ${mirror.sameKey('t', 'g')}`,
    columnsOf(keys, mirror.keyAt.length),
  );
}

async function disownRows(
  { run }: Session,
  mirror: Mirror,
  keys: readonly Values[],
  { source, batch, deletedAt }: { source: number; batch: number; deletedAt: string | null },
): Promise<void> {
  if (keys.length === 0) return;
  const width = mirror.keyAt.length;
  await run(
    `update ${mirror.table} t set ${ownColumns.source} = ${-source}, ${ownColumns.batch} = ${batch}, ${ownColumns.deletedAt} = $${width + 1}
     from ${mirror.keysGiven('g')} where ${mirror.sameKey('t', 'g')}`,
    [...columnsOf(keys, width), deletedAt],
  );
}

/** As much as is asked for at once, about. */
const fetchBytes = 2 * 1024 * 1024;
const fetchRowsMax = 2000;

/** What a question gives, piece by piece: as many rows at once as are not much. Within one transaction, one at a time. */
export async function* scan(
  session: Session,
  sql: string,
  values: readonly (string | null)[] = [],
): AsyncGenerator<(string | null)[][]> {
  await session.run(`declare _holdfast_scan no scroll cursor for ${sql}`, values);
  let rowsMax = 1;
  for (;;) {
    const before = session.receivedBytes;
    const { rows } = await session.run(`fetch ${rowsMax} from _holdfast_scan`);
    if (rows.length > 0) yield rows;
    if (rows.length < rowsMax) break;
    const bytes = session.receivedBytes - before;
    if (bytes < fetchBytes / 2) rowsMax = Math.min(fetchRowsMax, rowsMax * 4);
    else if (bytes > fetchBytes) rowsMax = Math.max(1, Math.floor(rowsMax / 2));
  }
  await session.run('close _holdfast_scan');
}

/** An array a column. */
export function columnsOf(rows: readonly Values[], width: number): string[] {
  return Array.from({ length: width }, (_, index) => arrayOf(rows.map((values) => values[index] ?? null)));
}

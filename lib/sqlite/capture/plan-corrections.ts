// What applying rows that staff corrected would do to the rows here, and why some of them are left alone.
import { rowHashText } from '../../delta/canonical.ts';
import type { CorrectedRow, RereadKeys } from '../../delta/capture.ts';
import type { Cell } from '../../delta/cell.ts';
import { idsOf, keyId } from '../../delta/comparison.ts';
import { isSameName } from '../../delta/day.ts';
import type { Correction } from '../../delta/peer.ts';
import type { TableShape } from '../../delta/shape.ts';
import type { Database } from '../open.ts';
import { rowReader } from './row-reader.ts';
import type { StockedTable } from './stock.ts';

export interface Planning {
  /** The app's; a transaction is open. */
  readonly database: Database;
  readonly tables: readonly StockedTable[];
  /** What waits; undefined where nobody can tell. */
  pending(): readonly RereadKeys[] | undefined;
  /** The keys of ours that are held at the receiver. */
  readonly held: readonly RereadKeys[];
}

/** A row that has to become another one. */
export interface Step {
  readonly table: StockedTable;
  readonly key: readonly Cell[];
  readonly before: readonly Cell[] | undefined;
  readonly after: readonly Cell[] | undefined;
}

export interface Planned {
  readonly row: CorrectedRow;
  /** Undefined where nothing is to be done. */
  readonly step: Step | undefined;
}

/** Each row once, as it was corrected last. */
export function planCorrections(parts: Planning, corrections: readonly Correction[]): Planned[] {
  const newest = new Map<string, Correction>();
  for (const one of corrections) newest.set(`${one.shape.name.toLowerCase()} ${keyId(one.key)}`, one);
  const pending = parts.pending();
  return [...newest.values()].map((correction) => planOne(parts, correction, pending));
}

function planOne(
  parts: Planning,
  correction: Correction,
  pending: readonly RereadKeys[] | undefined,
): Planned {
  const { name } = correction.shape;
  const table = parts.tables.find((one) => isSameName(one.name, name));
  const shape = table?.facts.shape;
  if (table === undefined || shape === undefined)
    return refused(correction, 'there is no such table here, or it does not travel');
  if (shape.identity === 'content')
    return refused(correction, 'its table has no key to tell its rows apart by');
  const order = columnOrder(correction.shape, shape);
  if (order === undefined)
    return refused(correction, 'its table has other columns here than at the receiver');
  const { key } = correction;
  const before = rowReader(parts.database, shape).row(key);
  const after = correction.cells && order.map((index) => correction.cells?.[index] ?? null);
  const row = { correction, columns: shape.columns.map((column) => column.name), before, after };
  if (hashOf(before) === hashOf(after))
    return { row: { ...row, state: 'same', refusal: undefined }, step: undefined };
  const refusal = ownChange(parts, table, key, pending);
  const step = { table, key, before, after };
  return { row: { ...row, state: 'differs', refusal }, step };
}

function refused(correction: Correction, refusal: string): Planned {
  const columns = correction.shape.columns.map(({ name }) => name);
  const row = {
    correction,
    columns,
    before: undefined,
    after: correction.cells,
    state: 'differs',
    refusal,
  } as const;
  return { row, step: undefined };
}

/** Why the row is not overwritten: somebody has changed it here, and the receiver has not taken that. */
function ownChange(
  { held }: Planning,
  { name, state }: StockedTable,
  key: readonly Cell[],
  pending: readonly RereadKeys[] | undefined,
): string | undefined {
  const isIn = (all: readonly RereadKeys[]) =>
    all.some((one) => isSameName(one.table, name) && idsOf(one.keys).has(keyId(key)));
  if (pending === undefined || state === 'walk')
    return 'what was changed here is still on its way: push first';
  if (isIn(pending)) return 'it was changed here too, and that is not pushed yet';
  return isIn(held) ? 'it was changed here too, and that is held at the receiver' : undefined;
}

/** For each column here its place at the receiver; undefined where both do not have the same. */
function columnOrder(there: TableShape, here: TableShape): number[] | undefined {
  const order = here.columns.map(({ name }) =>
    there.columns.findIndex((column) => isSameName(column.name, name)),
  );
  const isSameKey =
    there.key.length === here.key.length &&
    there.key.every((name, index) => isSameName(name, here.key[index] ?? ''));
  return order.includes(-1) || there.columns.length !== here.columns.length || !isSameKey ? undefined : order;
}

export function hashOf(cells: readonly Cell[] | undefined): string | undefined {
  return cells && rowHashText(cells);
}

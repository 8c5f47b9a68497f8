// What is collected, told in the order in which it can be applied: tombstones first, children before parents; then rows,
// parents before children.
import type { ChangeSink, CollectRequest, Told } from '../../delta/capture.ts';
import type { Change } from '../../delta/change.ts';
import type { Database } from '../open.ts';
import { type Entries, type KeyedChange, readLog, tellLog, type ToldLog } from './log-changes.ts';
import type { Stock } from './stock.ts';
import type { WalkPiece } from './walk.ts';

interface Piece {
  readonly stock: Stock;
  readonly changes: readonly KeyedChange[];
  readonly toSeq: number;
  readonly tooLarge: readonly string[];
  readonly walk: WalkPiece | undefined;
}

/** Nothing is told of where nothing of it travels. Within a transaction of the caller's. */
export function tellLogged(
  database: Database,
  stock: Stock,
  request: Entries & CollectRequest,
  sink: ChangeSink,
): ToldLog {
  const snapshot = tellLog(database, stock.tables, request, sink);
  if (snapshot !== undefined) return snapshot;
  const piece = readLog(database, stock.tables, request);
  const isNothing = piece.changes.length === 0 && piece.tooLarge.length === 0;
  const told = isNothing ? undefined : tellPiece({ ...piece, stock, walk: undefined }, sink);
  return { toSeq: piece.toSeq, told };
}

/** A piece is bounded, so whatever the sink says it is told to the end. */
export function tellPiece({ stock, changes, toSeq, tooLarge, walk }: Piece, sink: ChangeSink): Told {
  const present = new Set(changes.map(({ table }) => table.id));
  if (walk !== undefined) present.add(walk.table.id);
  const tables = stock.tables.filter((table) => present.has(table.id));
  const indexes = new Map(tables.map(({ id }, index) => [id, index]));
  const collected = {
    tables: tables.map(({ facts }) => facts.shape),
    toSeq,
    range: walk && {
      table: indexes.get(walk.table.id) ?? 0,
      after: walk.after,
      through: walk.through,
      ...(walk.kept.length > 0 && { kept: walk.kept }),
    },
  };
  sink.begin(collected);
  for (const change of inOrder(changes, indexes)) sink.take(change);
  return { ...collected, tooLarge };
}

function inOrder(changes: readonly KeyedChange[], indexes: ReadonlyMap<number, number>): Change[] {
  const indexed = changes.map(({ table, key, cells }): Change => {
    const index = indexes.get(table.id) ?? 0;
    return cells === undefined
      ? { kind: 'tombstone', table: index, key }
      : { kind: 'upsert', table: index, cells };
  });
  const tombstones = indexed
    .filter(({ kind }) => kind === 'tombstone')
    .sort((one, other) => other.table - one.table);
  const upserts = indexed
    .filter(({ kind }) => kind === 'upsert')
    .sort((one, other) => one.table - other.table);
  return [...tombstones, ...upserts];
}

// What one snapshot gave, in the order in which it can be applied: tombstones first, children before parents; then rows,
// parents before children.
import type { Change } from '../../delta/change.ts';
import type { Collected } from '../../delta/capture.ts';
import type { KeyedChange } from './log-changes.ts';
import type { Stock } from './stock.ts';
import type { WalkPiece } from './walk.ts';

interface Piece {
  readonly stock: Stock;
  readonly changes: readonly KeyedChange[];
  readonly toSeq: number;
  readonly hasMore: boolean;
  readonly tooLarge: readonly string[];
  readonly walk: WalkPiece | undefined;
}

export function collectedOf({ stock, changes, toSeq, hasMore, tooLarge, walk }: Piece): Collected {
  const present = new Set(changes.map(({ table }) => table.id));
  if (walk !== undefined) present.add(walk.table.id);
  const tables = stock.tables.filter((table) => present.has(table.id));
  const indexes = new Map(tables.map(({ id }, index) => [id, index]));
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
  return {
    changes: [...tombstones, ...upserts],
    tables: tables.map(({ facts }) => facts.shape),
    toSeq,
    range: walk && { table: indexes.get(walk.table.id) ?? 0, after: walk.after, through: walk.through },
    hasMore,
    tooLarge,
  };
}

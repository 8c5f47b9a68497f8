// A walk through a table whose rows are told apart by their content, in the order of their hashes.
import type { CollectRequest } from '../../delta/capture.ts';
import type { Cell } from '../../delta/cell.ts';
import type { Database } from '../open.ts';
import { sizeOf } from './cells.ts';
import { type KeyedChange, rowBytesMax, tooLargeWords } from './log-changes.ts';
import { rowAt, scan, type Scanning } from './scan.ts';
import type { Shadow } from './shadow.ts';
import type { StockedTable } from './stock.ts';
import type { WalkPiece } from './walk.ts';

interface ContentWalk extends CollectRequest {
  readonly after: readonly Cell[] | undefined;
  readonly shadow: Shadow;
  readonly reading: Scanning['reading'];
}

/**
 * The next piece. Where the rows lie is looked up once, at the beginning; one that has changed since is left out, and found by
 * the comparison that follows.
 */
export function walkByContent(database: Database, table: StockedTable, walk: ContentWalk): WalkPiece {
  const { after, rowsMax, bytesMax, shadow, reading } = walk;
  const order = shadow.order(table.id, after === undefined, (add) => {
    const seen = shadow.beginScan();
    for (const { key, rowid } of scan(database, table, { reading, count: seen.count }))
      add(keyPart(key), rowid ?? 0n);
  });
  const behind = after === undefined ? '' : keyPart(after);
  const places = order.behind(behind, rowsMax + 1);
  const changes: KeyedChange[] = [];
  const tooLarge: string[] = [];
  const kept: Cell[][] = [];
  let bytes = 0;
  let through = behind;
  let isCut = places.length > rowsMax;
  for (const { key, rowid } of places.slice(0, rowsMax)) {
    if (bytes > bytesMax) {
      isCut = true;
      break;
    }
    through = key;
    const cells = reading(() => rowAt(database, table, rowid, key));
    if (cells === undefined) continue;
    const size = sizeOf(cells);
    bytes += size;
    if (size <= rowBytesMax) changes.push({ table, key: [key], cells });
    else {
      tooLarge.push(tooLargeWords(table.name, size));
      kept.push([key]);
    }
  }
  if (!isCut) order.end();
  return { table, changes, after, through: isCut ? [through] : undefined, tooLarge, kept };
}

/** The one part of such a key. */
function keyPart([part]: readonly Cell[]): string {
  return typeof part === 'string' ? part : '';
}

// The changes of tables that no trigger can serve: all their rows, against what was sent of them.
import { rowHashText } from '../../delta/canonical.ts';
import type { CollectRequest, RereadKeys } from '../../delta/capture.ts';
import { type Cell } from '../../delta/cell.ts';
import type { Database } from '../open.ts';
import { sizeOf } from './cells.ts';
import { fileMark, isSettled } from './file-mark.ts';
import { type KeyedChange, rowBytesMax, tooLargeWords, travels } from './log-changes.ts';
import { scan, type Scanning } from './scan.ts';
import { keyOfText, keyText, openShadow } from './shadow.ts';
import type { StockedTable } from './stock.ts';
import { walkByContent } from './walk-content.ts';
import { walkByKey, type WalkPiece } from './walk.ts';

interface DiffPiece {
  readonly changes: readonly KeyedChange[];
  readonly tooLarge: readonly string[];
  /** Whether the comparison has come to its end. */
  readonly isAll: boolean;
}

interface Found extends KeyedChange {
  readonly hash: string | undefined;
}

export interface Diff {
  /** Whether the file may have changed since a comparison has found no difference. */
  mayDiffer(tables: readonly StockedTable[]): boolean;
  changes(tables: readonly StockedTable[], limits: CollectRequest): DiffPiece | undefined;
  walk(table: StockedTable, limits: CollectRequest & { after: readonly Cell[] | undefined }): WalkPiece;
  pending(tables: readonly StockedTable[], most: number): readonly RereadKeys[] | undefined;
  /** What was collected last is at the receiver. */
  arrived(): void;
  /** These rows are what the receiver has. */
  agree(
    rows: readonly { table: StockedTable; key: readonly Cell[]; cells: readonly Cell[] | undefined }[],
  ): void;
  /** Of these rows nothing is known to be there. */
  forgetKeys(table: StockedTable, keys: readonly (readonly Cell[])[]): void;
  forgetAll(): void;
  close(): void;
}

export function openDiff(
  database: Database,
  { path, shadow: place }: { path: string; shadow: string | undefined },
): Diff {
  const shadow = openShadow(place);
  let underway: { found: Generator<Found>; mark: string; version: number; isClean: boolean } | undefined;
  let scanned: { version: number } | undefined;
  let sent: { table: number; key: string; hash: string | undefined }[] = [];
  const compared = (tables: readonly StockedTable[]) =>
    tables.filter((table) => table.by === 'diff' && table.state === 'live');
  const reading: Scanning['reading'] = (work) => database.transaction(work).deferred();
  // Of commits by other connections this one knows at once and for certain; our own change nothing that is compared.
  const dataVersion = () => Number(database.pragma('data_version', { simple: true }));
  const isKnown = () =>
    scanned === undefined ? shadow.mark() === fileMark(path) : scanned.version === dataVersion();
  const mayDiffer = (tables: readonly StockedTable[]) => compared(tables).length > 0 && !isKnown();

  function* differences(tables: readonly StockedTable[]): Generator<Found> {
    for (const table of compared(tables)) {
      const seen = shadow.beginScan();
      for (const { key, cells } of scan(database, table, { reading, count: seen.count })) {
        const text = keyText(key);
        const hash = rowHashText(cells);
        seen.add(text);
        if (shadow.hashOf(table.id, text) !== hash) yield { table, key, cells, hash };
      }
      for (const text of seen.missing(table.id))
        yield { table, key: keyOfText(text), cells: undefined, hash: undefined };
    }
  }

  function keepMark({ mark, version }: { mark: string; version: number }): void {
    shadow.setMark(mark);
    scanned = { version };
    // The next process will have nothing but the file's time.
    if (place === undefined || !isSettled(path, place)) shadow.setMark('');
  }

  function unknow(): void {
    scanned = undefined;
    shadow.setMark('');
  }

  /** Until they are known to have arrived nothing is known of them: whoever dies in between compares them anew. */
  function noteSent(changes: readonly Found[]): void {
    for (const [id, some] of Map.groupBy(changes, ({ table }) => table.id))
      shadow.forgetKeys(
        id,
        some.map(({ key }) => keyText(key)),
      );
    sent = changes.map(({ table, key, hash }) => ({ table: table.id, key: keyText(key), hash }));
  }

  return {
    mayDiffer,
    changes(tables, { rowsMax, bytesMax }) {
      if (underway === undefined) {
        if (!mayDiffer(tables)) return undefined;
        underway = {
          found: differences(tables),
          mark: fileMark(path),
          version: dataVersion(),
          isClean: true,
        };
      }
      const changes: Found[] = [];
      const tooLarge: string[] = [];
      let bytes = 0;
      while (changes.length < rowsMax && bytes <= bytesMax) {
        const next = underway.found.next();
        if (next.done === true) {
          // Only what was found clean from one end to the other is not looked at again.
          if (underway.isClean && changes.length === 0) keepMark(underway);
          underway = undefined;
          break;
        }
        const size = sizeOf(next.value.cells ?? next.value.key);
        bytes += size;
        if (size > rowBytesMax) tooLarge.push(tooLargeWords(next.value.table.name, size));
        else changes.push(next.value);
      }
      if (underway !== undefined) underway.isClean = false;
      noteSent(changes);
      return changes.length === 0 && tooLarge.length === 0
        ? undefined
        : { changes, tooLarge, isAll: underway === undefined };
    },
    walk(table, limits) {
      if (limits.after === undefined) {
        shadow.forget(table.id);
        unknow();
      }
      const isByKey = table.facts.shape.identity === 'primary';
      const piece = isByKey
        ? reading(() => walkByKey(database, table, limits))
        : walkByContent(database, table, { ...limits, shadow, reading });
      noteSent(piece.changes.map((change) => ({ ...change, hash: rowHashText(change.cells ?? []) })));
      return piece;
    },
    pending(tables, most) {
      const byTable = new Map<string, (readonly Cell[])[]>();
      let count = 0;
      for (const { table, key } of mayDiffer(tables) ? differences(tables) : []) {
        if ((count += 1) > most) return undefined;
        if (travels(table)) byTable.set(table.name, [...(byTable.get(table.name) ?? []), key]);
      }
      return [...byTable].map(([table, keys]) => ({ table, keys }));
    },
    arrived() {
      shadow.arrived(sent);
      sent = [];
    },
    agree(rows) {
      shadow.arrived(
        rows
          .filter(({ table }) => table.by === 'diff')
          .map(({ table, key, cells }) => ({
            table: table.id,
            key: keyText(key),
            hash: cells && rowHashText(cells),
          })),
      );
    },
    forgetKeys(table, keys) {
      shadow.forgetKeys(table.id, keys.map(keyText));
      unknow();
    },
    forgetAll() {
      shadow.forgetAll();
      unknow();
      underway = undefined;
    },
    close: () => shadow.close(),
  };
}

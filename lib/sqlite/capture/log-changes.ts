// The keys that wait in the log, each once, with their rows as they are now.
import { logKeys } from '../../delta/capture-sql.ts';
import type { Cell } from '../../delta/cell.ts';
import { type Database } from '../open.ts';
import { cellsOf, isUtf8, type RawCell, sizeOf } from './cells.ts';
import { rowReader, type RowReader } from './row-reader.ts';
import type { StockedTable } from './stock.ts';

/** A key that may have changed, and its row. */
export interface KeyedChange {
  readonly table: StockedTable;
  readonly key: readonly Cell[];
  /** Undefined where there is none. */
  readonly cells: readonly Cell[] | undefined;
}

export interface LogPiece {
  readonly changes: readonly KeyedChange[];
  readonly toSeq: number;
  readonly hasMore: boolean;
  readonly tooLarge: readonly string[];
}

export interface LogRequest {
  readonly after: number;
  readonly lastSeq: number;
  readonly rowsMax: number;
  readonly bytesMax: number;
}

/** A row of more travels in no batch. */
export const rowBytesMax = 16 * 1024 * 1024;

/** Entries that are looked at for one piece, as a multiple of its rows: beyond it equal keys are not brought together. */
const windowFactor = 4;

/** Within a transaction of the caller's. */
export function readLog(database: Database, tables: readonly StockedTable[], request: LogRequest): LogPiece {
  const { after, lastSeq, rowsMax, bytesMax } = request;
  const end = Math.min(lastSeq, after + rowsMax * windowFactor);
  const keys = loggedKeys(database, after, end);
  const byId = new Map(
    tables.map((table) => [table.id, { table, reader: undefined as RowReader | undefined }]),
  );
  const changes: KeyedChange[] = [];
  const tooLarge: string[] = [];
  let bytes = 0;
  let toSeq = after;
  for (const { id, key: logged, seq } of keys) {
    if (changes.length >= rowsMax || bytes > bytesMax) return { changes, toSeq, hasMore: true, tooLarge };
    toSeq = seq;
    const known = byId.get(id);
    if (known === undefined || known.table.by !== 'log' || !travels(known.table)) continue;
    const { table } = known;
    known.reader ??= rowReader(database, table.facts.shape);
    const key = logged.slice(0, table.facts.shape.key.length);
    const cells = known.reader.row(key);
    const size = cells === undefined ? sizeOf(key) : sizeOf(cells);
    if (size > rowBytesMax) tooLarge.push(tooLargeWords(table.name, size));
    else changes.push({ table, key, cells });
    bytes += Math.min(size, rowBytesMax);
  }
  return { changes, toSeq: end, hasMore: end < lastSeq, tooLarge };
}

export function travels({ state }: StockedTable): boolean {
  return state === 'live' || state === 'walk';
}

export function tooLargeWords(table: string, sizeBytes: number): string {
  return `a row of ${table} has ${Math.round(sizeBytes / 2 ** 20)} MiB, and no more than ${rowBytesMax / 2 ** 20} travel: the receiver keeps what it had of it`;
}

interface LoggedKey {
  id: number;
  key: Cell[];
  /** Of its newest entry. */
  seq: number;
}

/** Each key once, in the order of their newest entries. */
export function loggedKeys(database: Database, after: number, end: number): LoggedKey[] {
  const parts = (database.pragma('table_info(_holdfast_log)') as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => /^k\d+$/.test(name));
  const columns = logKeys(parts.length).join(', ');
  const rows = database
    .prepare(
      `SELECT t, ${columns}, max(seq) AS newest FROM main._holdfast_log WHERE seq > ? AND seq <= ? AND t > 0 GROUP BY t, ${columns} ORDER BY newest`,
    )
    .safeIntegers()
    .raw()
    .all(after, end) as RawCell[][];
  const utf8 = isUtf8(database);
  return rows.map((row) => {
    const seq = Number(row.at(-1));
    const key = cellsOf(row.slice(1, -1), (column) =>
      utf8
        ? (database
            .prepare(`SELECT CAST(k${column + 1} AS BLOB) FROM main._holdfast_log WHERE seq = ?`)
            .pluck()
            .get(seq) as Buffer)
        : undefined,
    );
    return { id: Number(row[0]), key, seq };
  });
}

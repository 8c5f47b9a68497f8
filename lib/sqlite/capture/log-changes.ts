// The keys that wait in the log, each once, with their rows as they are now.
import { logKeys } from '../../delta/capture-sql.ts';
import type { ChangeSink, CollectRequest, Told } from '../../delta/capture.ts';
import type { Cell } from '../../delta/cell.ts';
import type { Change } from '../../delta/change.ts';
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
  readonly tooLarge: readonly string[];
}

/** Entries of the log. */
export interface Entries {
  /** Behind this one. */
  readonly after: number;
  /** Up to and with this one. */
  readonly end: number;
}

/** A row of more travels in no batch. */
export const rowBytesMax = 16 * 1024 * 1024;

/** Entries that are looked at for one piece, as a multiple of its rows: beyond it equal keys are not brought together. */
const windowFactor = 4;

/** How far the log was told, and of what: undefined where nothing of that travels. */
export interface ToldLog {
  readonly toSeq: number;
  readonly told: Told | undefined;
}

/**
 * Tells the sink of all entries, or of the first half of them, or of the half of that, and so on, where not all of them fit.
 * Undefined where that is less than an ordinary piece. Within a transaction of the caller's.
 */
export function tellLog(
  database: Database,
  stock: readonly StockedTable[],
  { after, end, ...limits }: Entries & CollectRequest,
  sink: ChangeSink,
): ToldLog | undefined {
  let entries = Math.min(end - after, limits.snapshotRowsMax * windowFactor);
  while (entries > 0) {
    const part = { after, end: after + entries };
    const found = tellEntries(database, stock, { ...part, rowsMax: limits.snapshotRowsMax }, sink);
    if (found !== undefined) return found;
    entries = entries <= limits.rowsMax ? 0 : Math.floor(entries / 2);
  }
  return undefined;
}

/** Two passes, so that nothing of it is ever in memory. Undefined where it does not fit. */
function tellEntries(
  database: Database,
  stock: readonly StockedTable[],
  { rowsMax, ...part }: Entries & { rowsMax: number },
  sink: ChangeSink,
): ToldLog | undefined {
  const toSeq = part.end;
  const tables = loggedTables(database, stock, part);
  if (tables.length === 0) return { toSeq, told: undefined };
  const collected = { tables: tables.map(({ facts }) => facts.shape), toSeq, range: undefined };
  sink.begin(collected);
  const readers = tables.map(({ facts }) => rowReader(database, facts.shape));
  const tooLarge: string[] = [];
  let rows = 0;
  const take = (name: string, size: number, change: Change): boolean => {
    rows += 1;
    if (size <= rowBytesMax) return sink.take(change) && rows <= rowsMax;
    tooLarge.push(tooLargeWords(name, size));
    return true;
  };
  for (const [table, { id, name, facts }] of [...tables.entries()].reverse())
    for (const key of keysOf(database, id, facts.shape.key.length, part))
      if (readers[table]?.has(key) === false && !take(name, sizeOf(key), { kind: 'tombstone', table, key }))
        return undefined;
  for (const [table, { id, name, facts }] of tables.entries())
    for (const key of keysOf(database, id, facts.shape.key.length, part)) {
      const cells = readers[table]?.row(key);
      if (cells !== undefined && !take(name, sizeOf(cells), { kind: 'upsert', table, cells }))
        return undefined;
    }
  return { toSeq, told: { ...collected, tooLarge } };
}

/** Those of which anything travels. */
function loggedTables(
  database: Database,
  stock: readonly StockedTable[],
  { after, end }: Entries,
): StockedTable[] {
  const ids = database
    .prepare('SELECT DISTINCT t FROM main._holdfast_log WHERE seq > ? AND seq <= ?')
    .pluck()
    .all(after, end) as number[];
  return stock.filter((table) => ids.includes(table.id) && table.by === 'log' && travels(table));
}

/** A piece of at most so many rows and bytes, in the order of the log. Within a transaction of the caller's. */
export function readLog(
  database: Database,
  tables: readonly StockedTable[],
  { after, end: lastSeq, rowsMax, bytesMax }: Entries & Pick<CollectRequest, 'rowsMax' | 'bytesMax'>,
): LogPiece {
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
    if (changes.length >= rowsMax || bytes > bytesMax) return { changes, toSeq, tooLarge };
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
  return { changes, toSeq: end, tooLarge };
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
      `SELECT ${columns}, max(seq) AS newest, t FROM main._holdfast_log WHERE seq > ? AND seq <= ? AND t > 0 GROUP BY t, ${columns} ORDER BY newest`,
    )
    .safeIntegers()
    .raw()
    .all(after, end) as RawCell[][];
  const exact = keyOfEntry(database);
  return rows.map((row) => ({
    id: Number(row.pop()),
    seq: Number(row.at(-1)),
    key: exact(row),
  }));
}

/** The keys of one table, each once, in their own order. */
function* keysOf(
  database: Database,
  id: number,
  parts: number,
  { after, end }: Entries,
): Generator<readonly Cell[]> {
  const columns = logKeys(parts).join(', ');
  const exact = keyOfEntry(database); // a pragma, which no query may be under way for
  const rows = database
    .prepare(
      `SELECT ${columns}, max(seq) FROM main._holdfast_log WHERE seq > ? AND seq <= ? AND t = ? GROUP BY ${columns}`,
    )
    .safeIntegers()
    .raw()
    .iterate(after, end, id) as IterableIterator<RawCell[]>;
  for (const row of rows) yield exact(row);
}

/** The key that an entry names; `row` ends with the entry's number. */
function keyOfEntry(database: Database): (row: readonly RawCell[]) => Cell[] {
  const utf8 = isUtf8(database);
  return (row) =>
    cellsOf(row.slice(0, -1), (column) =>
      utf8
        ? (database
            .prepare(`SELECT CAST(k${column + 1} AS BLOB) FROM main._holdfast_log WHERE seq = ?`)
            .pluck()
            .get(row.at(-1)) as Buffer)
        : undefined,
    );
}

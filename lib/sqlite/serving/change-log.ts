// The log of changes as a master reads it for those who follow: which keys changed, and the markers in it. A marker is
// written when something was handed out, and never by an idle poll.
import { type Cell, isBrokenText } from '../../delta/cell.ts';
import { formatKey } from '../../delta/held-payload.ts';
import {
  formatMarker,
  type Marker,
  markerTable,
  parseMarker,
  type PullCursor,
} from '../../delta/pull-cursor.ts';
import type { TableShape } from '../../delta/shape.ts';
import { type Database, quoteIdentifier } from '../open.ts';
import { exactRows } from './exact-rows.ts';

/** A key that was logged, by the number of its table. */
export interface LoggedKey {
  readonly table: number;
  readonly key: readonly Cell[];
}

/** How many entries one call removes. */
const pruneMax = 5000;

/** The newest entry, of whatever kind; 0 for none. */
function lastEntry(database: Database): number {
  return Number(database.prepare('SELECT coalesce(max(seq), 0) FROM _holdfast_log').pluck().get());
}

/** The newest entry that is about a row. */
export function lastChange(database: Database): number {
  const newest = database
    .prepare('SELECT seq FROM _holdfast_log WHERE t <> ? ORDER BY seq DESC LIMIT 1')
    .pluck()
    .get(markerTable);
  return Number(newest ?? 0);
}

/** A part of the log, read forwards. */
export interface LogPage {
  /** Each key once. */
  readonly keys: readonly LoggedKey[];
  /** The part ends with this entry. */
  readonly through: number;
  readonly hasMore: boolean;
}

/** So many entries are looked at for each key that a page may have: of keys that change often, or of other tables. */
const entriesPerKey = 10;

/**
 * Keys of these tables in the entries after `after`, at most `limit`. A page costs what it holds, however much of the log is
 * behind it: a key that has entries in several pages is in each.
 */
export function keysAfter(
  database: Database,
  tables: ReadonlyMap<number, number>,
  after: number,
  limit: number,
): LogPage {
  const entriesMax = limit * entriesPerKey;
  const entries = exactRows(database, {
    columns: ['t', 'seq', ...keyColumns(database)],
    from: `FROM (SELECT * FROM _holdfast_log WHERE seq > ? ORDER BY seq LIMIT ${entriesMax + 1})`,
    parameters: [after],
  });
  const keys = new Map<string, LoggedKey>();
  let through = after;
  let count = 0;
  for (const [table, seq, ...values] of entries) {
    const id = Number(table);
    const sizeOfKey = tables.get(id);
    if (sizeOfKey !== undefined) {
      const key = values.slice(0, sizeOfKey);
      const text = `${id} ${formatKey(key)}`;
      if (keys.size === limit && !keys.has(text)) return { keys: [...keys.values()], through, hasMore: true };
      keys.set(text, { table: id, key });
    }
    count += 1;
    if (count > entriesMax) return { keys: [...keys.values()], through, hasMore: true };
    through = Number(seq);
  }
  return { keys: [...keys.values()], through, hasMore: false };
}

/** Keys of a table with an entry after `after`, and no row. */
export function* keysGone(
  database: Database,
  { id, shape }: { readonly id: number; readonly shape: TableShape },
  after: number,
): Generator<Cell[]> {
  const columns = shape.key.map((_, index) => `k${index + 1}`);
  const terms = shape.key.map((name, index) => {
    const column = `row.${quoteIdentifier(name)}`;
    return `${column} = log.k${index + 1} AND ${column} COLLATE BINARY IS log.k${index + 1}`;
  });
  const from =
    `FROM (SELECT DISTINCT ${columns.join(', ')} FROM _holdfast_log AS log WHERE seq > ? AND t = ${id}` +
    ` AND NOT EXISTS (SELECT 1 FROM main.${quoteIdentifier(shape.name)} AS row WHERE ${terms.join(' AND ')}))`;
  yield* exactRows(database, { columns, from, parameters: [after] });
}

function keyColumns(database: Database): string[] {
  const names = database.prepare("SELECT name FROM pragma_table_info('_holdfast_log')").pluck().all();
  return (names as string[]).filter((name) => /^k\d+$/.test(name));
}

/** Entries about rows of any table after this one, counted no further than `max`. */
export function entriesAfter(database: Database, after: number, max: number): number {
  const sql = `SELECT count(*) FROM (SELECT 1 FROM _holdfast_log WHERE seq > ? AND t <> ${markerTable} LIMIT ?)`;
  return Number(database.prepare(sql).pluck().get(after, max));
}

/** What the cursor's marker says; undefined where it is not there any more, or never was. */
export function findMarker(database: Database, { seq, nonce }: PullCursor): Marker | undefined {
  const found = markerAt(database, seq);
  return found?.nonce === nonce ? found : undefined;
}

/** The newest entry, where it is a marker that says the same as a new one would: readers of one instant share it. */
export function sharedMarker(
  database: Database,
  wanted: Pick<Marker, 'resume' | 'schema'>,
): PullCursor | undefined {
  const seq = lastEntry(database);
  const found = markerAt(database, seq);
  const isSame = found?.resume === wanted.resume && found.schema === wanted.schema;
  return isSame ? { seq, nonce: found.nonce } : undefined;
}

function markerAt(database: Database, seq: number): Marker | undefined {
  const sql = 'SELECT k1 FROM _holdfast_log WHERE seq = ? AND t = ?';
  return parseMarker(database.prepare(sql).pluck().get(seq, markerTable));
}

/** One short transaction. */
export function addMarker(database: Database, marker: Marker): PullCursor {
  const { lastInsertRowid } = database
    .prepare('INSERT INTO _holdfast_log (t, k1) VALUES (CAST(? AS INTEGER), ?)')
    .run(markerTable, formatMarker(marker));
  return { seq: Number(lastInsertRowid), nonce: marker.nonce };
}

/** A marker with its number. */
interface PlacedMarker extends Marker {
  readonly seq: number;
}

function* markersDownward(database: Database): Generator<PlacedMarker> {
  const sql = 'SELECT seq, k1 FROM _holdfast_log WHERE t = ? ORDER BY seq DESC';
  for (const [seq, text] of database.prepare<unknown[], unknown[]>(sql).raw().iterate(markerTable)) {
    const marker = parseMarker(text);
    if (marker !== undefined) yield { ...marker, seq: Number(seq) };
  }
}

/** The newest marker that was made at that time or before it. */
export function markerBefore(database: Database, atMs: number): PlacedMarker | undefined {
  for (const marker of markersDownward(database)) if (marker.atMs <= atMs) return marker;
  return undefined;
}

/** The newest marker. */
export function newestMarker(database: Database): PlacedMarker | undefined {
  for (const marker of markersDownward(database)) return marker;
  return undefined;
}

export interface Keeping {
  /** Before this time nobody who still follows has asked. */
  readonly beforeMs: number;
  /** No more entries than so many are kept for them. */
  readonly rowsMax: number;
  /** Whether a sender needs what it has not sent. */
  readonly hasSender: boolean;
}

/**
 * Removes entries that neither a reader nor a sender needs any more, in the transaction that is open: all before the newest
 * marker of `beforeMs`. Whoever asked after that time holds it, or one behind it.
 */
export function pruneLog(database: Database, { beforeMs, rowsMax, hasSender }: Keeping): void {
  const last = lastEntry(database);
  const old = markerBefore(database, beforeMs)?.seq ?? 0;
  const serve = Math.max(old - 1, last - rowsMax, 0);
  const oldest = Number(database.prepare('SELECT coalesce(min(seq), 0) FROM _holdfast_log').pluck().get());
  database.prepare("DELETE FROM _holdfast_reader WHERE name = 'serve'").run();
  database.prepare("INSERT INTO _holdfast_reader (name, seq) VALUES ('serve', ?)").run(BigInt(serve));
  const needed = Number(database.prepare('SELECT min(seq) FROM _holdfast_reader').pluck().get());
  const sent = hasSender
    ? Number(database.prepare('SELECT acked_seq FROM _holdfast_delta').pluck().get())
    : needed;
  const through = Math.min(needed, sent, oldest + pruneMax, last - 1);
  database.prepare('DELETE FROM _holdfast_log WHERE seq <= ?').run(BigInt(through));
}

/** How a key's value stands in SQL, and what is bound for it: text that is none is bound as its bytes. */
export function bound(cell: Cell): { sql: string; value: unknown } {
  return isBrokenText(cell) ? { sql: 'CAST(? AS TEXT)', value: cell.text } : { sql: '?', value: cell };
}

// What was sent of tables that no trigger can serve: of each row its key and its hash, in a file of our own. Losing it costs
// one sending of everything.
import type { Cell, WireCell } from '../../delta/cell.ts';
import { decodeCell, encodeCell } from '../../delta/cell.ts';
import { openLocalFile } from '../local.ts';
import { type Database, openInMemory } from '../open.ts';

export interface Shadow {
  readonly database: Database;
  /** The hash of the row that was sent with this key; undefined where none was. */
  hashOf(table: number, key: string): string | undefined;
  /** Takes in what has arrived: a hash, or that the row is gone. */
  arrived(sent: readonly { table: number; key: string; hash: string | undefined }[]): void;
  forget(table: number): void;
  forgetKeys(table: number, keys: readonly string[]): void;
  forgetAll(): void;
  /** The file as it was when it was last found to be what was sent. */
  mark(): string;
  setMark(mark: string): void;
  /** What a scan comes by; one at a time. */
  beginScan(): Scan;
  /** Where the rows of a table lie, in the order of their keys; looked up by `fill` at the beginning, or where nobody knows. */
  order(
    table: number,
    isBeginning: boolean,
    fill: (add: (key: string, rowid: bigint) => void) => void,
  ): RowOrder;
  close(): void;
}

interface Scan {
  /** The how many-th row with this hash it is. */
  count(hash: string): number;
  add(key: string): void;
  /** The keys that were sent, and that the scan has not come by. */
  missing(table: number): IterableIterator<string>;
}

interface RowOrder {
  behind(key: string, most: number): { key: string; rowid: bigint }[];
  end(): void;
}

/** In memory where only a look is wanted. */
export function openShadow(path: string | undefined): Shadow {
  const database = path === undefined ? openInMemory() : openLocalFile(path);
  database.pragma('journal_mode = DELETE');
  database.exec(`
    CREATE TABLE IF NOT EXISTS rows(t INTEGER, key TEXT, hash TEXT, PRIMARY KEY(t, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS marks(name TEXT PRIMARY KEY, value TEXT);
    CREATE TEMP TABLE seen(key TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TEMP TABLE counts(hash TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;
    CREATE TEMP TABLE places(t INTEGER, key TEXT, row INTEGER, PRIMARY KEY(t, key)) WITHOUT ROWID;`);
  const hash = database.prepare('SELECT hash FROM rows WHERE t = ? AND key = ?').pluck();
  const put = database.prepare('INSERT OR REPLACE INTO rows VALUES(?, ?, ?)');
  const drop = database.prepare('DELETE FROM rows WHERE t = ? AND key = ?');
  return {
    database,
    hashOf: (table, key) => hash.get(table, key) as string | undefined,
    arrived: database.transaction((sent: Parameters<Shadow['arrived']>[0]) => {
      for (const one of sent) {
        if (one.hash === undefined) drop.run(one.table, one.key);
        else put.run(one.table, one.key, one.hash);
      }
    }),
    forget: (table) => void database.prepare('DELETE FROM rows WHERE t = ?').run(table),
    forgetKeys: database.transaction((table: number, keys: readonly string[]) => {
      for (const key of keys) put.run(table, key, '');
    }),
    forgetAll: () => void database.exec('DELETE FROM rows'),
    mark: () =>
      (database.prepare(`SELECT value FROM marks WHERE name = 'file'`).pluck().get() as string | undefined) ??
      '',
    setMark: (mark) => void database.prepare(`INSERT OR REPLACE INTO marks VALUES('file', ?)`).run(mark),
    beginScan() {
      database.exec('DELETE FROM temp.seen; DELETE FROM temp.counts');
      const count = database
        .prepare('INSERT INTO temp.counts VALUES(?, 1) ON CONFLICT(hash) DO UPDATE SET n = n + 1 RETURNING n')
        .pluck();
      const add = database.prepare('INSERT OR IGNORE INTO temp.seen VALUES(?)');
      const missing = database
        .prepare(
          'SELECT key FROM rows WHERE t = ? AND NOT EXISTS (SELECT 1 FROM temp.seen WHERE seen.key = rows.key)',
        )
        .pluck();
      return {
        count: (hash) => Number(count.get(hash)),
        add: (key) => void add.run(key),
        // All at once: what follows writes while it is read.
        missing: (table) => (missing.all(table) as string[]).values(),
      };
    },
    order(table, isBeginning, fill) {
      const isKnown =
        database.prepare('SELECT 1 FROM temp.places WHERE t = ? LIMIT 1').get(table) !== undefined;
      if (isBeginning || !isKnown) {
        database.prepare('DELETE FROM temp.places WHERE t = ?').run(table);
        const add = database.prepare('INSERT OR IGNORE INTO temp.places VALUES(?, ?, ?)');
        fill((key, rowid) => void add.run(table, key, rowid));
      }
      const behind = database
        .prepare('SELECT key, row AS rowid FROM temp.places WHERE t = ? AND key > ? ORDER BY key LIMIT ?')
        .safeIntegers();
      return {
        behind: (key, most) => behind.all(table, key, most) as { key: string; rowid: bigint }[],
        end: () => void database.prepare('DELETE FROM temp.places WHERE t = ?').run(table),
      };
    },
    close: () => database.close(),
  };
}

/** A key as text, and back: the same for keys that SQLite takes for one, as 2 and 2.0. */
export function keyText(key: readonly Cell[]): string {
  return JSON.stringify(key.map((cell) => encodeCell(isWhole(cell) ? BigInt(cell) : cell, false)));
}

function isWhole(cell: Cell): cell is number {
  return typeof cell === 'number' && Number.isInteger(cell) && cell >= -(2 ** 63) && cell < 2 ** 63;
}

export function keyOfText(text: string): Cell[] {
  return (JSON.parse(text) as WireCell[]).map((cell) => decodeCell(cell, false));
}

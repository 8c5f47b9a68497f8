// The replica of a pull: a file of our own with the master's tables in it, which other programs read while it is kept. Each
// sync is one transaction: a reader sees what was there before it, or all of it.
import { existsSync, statSync } from 'node:fs';
import { OpsError, systemError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { Change } from '../../delta/change.ts';
import type { TableShape } from '../../delta/shape.ts';
import { sqliteError } from '../errors.ts';
import { requireSource } from '../look.ts';
import { type Database, openOwn, quoteIdentifier } from '../open.ts';
import { createTable, rowWriter, type RowWriter, sameShape } from './mirror-table.ts';

/** What is known of the master in the replica itself: it is put back together with the rows that it is about. */
export interface PulledState {
  /** From where the master goes on; undefined before the first full sync, and where it gives none. */
  readonly cursor: string | undefined;
  readonly schemaVersion: string | undefined;
  /** When rows last came in, and when all of them did; ISO. */
  readonly changedAt: string | undefined;
  readonly fullSyncAt: string | undefined;
  readonly totals: PulledTotals;
}

export interface PulledTotals {
  readonly syncs: number;
  readonly failed: number;
  readonly records: number;
}

/** Of one answer. */
export interface PulledPiece {
  readonly tables: readonly TableShape[];
  readonly changes: AsyncIterable<readonly Change[]>;
}

/** What becomes of the state with a sync. */
export type NextState = Omit<PulledState, 'changedAt' | 'fullSyncAt'>;

export interface PulledReplica {
  state(): PulledState;
  /** All rows of all tables, in the place of those that were there. Returns how many they are by table. */
  replace(piece: PulledPiece, next: NextState, at: string): Promise<Record<string, number>>;
  /** Changes, in order. Returns how many rows were written or removed. */
  apply(pieces: AsyncIterable<PulledPiece>, next: NextState, at: string): Promise<number>;
  /** Where a table has them: the latest of its `updated_at`. */
  newestStamp(): string | undefined;
  rows(): Record<string, number>;
  close(): void;
}

/** By this, and by its table of state, a file is known as a replica of ours: "Hdfp". */
const applicationId = 0x48_64_66_70;

const bookkeeping = `
  CREATE TABLE _holdfast_pull (
    id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT, schema_version TEXT, changed_at TEXT, full_sync_at TEXT,
    syncs INTEGER NOT NULL, failed INTEGER NOT NULL, records INTEGER NOT NULL);
  CREATE TABLE _holdfast_shape (name TEXT PRIMARY KEY, shape TEXT NOT NULL) WITHOUT ROWID;
  INSERT INTO _holdfast_pull VALUES (1, NULL, NULL, NULL, NULL, 0, 0, 0);`;

/** Pages in memory; beyond them, what is not committed yet goes to the log. */
const cacheKiB = 8000;

/**
 * Opens the replica, or makes it where nothing is. Throws OpsError `refused` for a database of somebody else, and whatever
 * else lies there, `damaged`, `denied`, `io`.
 */
export async function openReplicaFile(path: string): Promise<PulledReplica> {
  try {
    if (existsSync(path) && statSync(path).size > 0) await requireSource(path);
    const database = openOwn(path, { create: true });
    try {
      setUp(database, path);
      return new ReplicaFile(database, path);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw explain(path, error);
  }
}

function setUp(database: Database, path: string): void {
  database.pragma('busy_timeout = 5000');
  database.pragma(`cache_size = -${cacheKiB}`);
  const isOurs = () => database.pragma('application_id', { simple: true }) === applicationId;
  const isEmpty = () => database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (!isOurs() && !isEmpty())
    throw new OpsError('refused', `cannot keep a replica in ${path}: it is the database of something else`, {
      hint: `name a file of its own as replica, and see whose this is: sqlite3 ${shellWord(path)} .tables`,
    });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database
    .transaction(() => {
      if (!isEmpty()) return;
      database.pragma(`application_id = ${applicationId}`);
      database.exec(bookkeeping);
    })
    .immediate();
}

class ReplicaFile implements PulledReplica {
  readonly #database: Database;
  readonly #path: string;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  state(): PulledState {
    const row = this.#database.prepare('SELECT * FROM _holdfast_pull').get() as StateRow;
    return {
      cursor: row.cursor ?? undefined,
      schemaVersion: row.schema_version ?? undefined,
      changedAt: row.changed_at ?? undefined,
      fullSyncAt: row.full_sync_at ?? undefined,
      totals: { syncs: row.syncs, failed: row.failed, records: row.records },
    };
  }

  async replace(piece: PulledPiece, next: NextState, at: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await this.#atOnce(async () => {
      this.#makeTables(piece.tables);
      const writers = this.#writers(piece.tables);
      for await (const changes of piece.changes)
        for (const change of changes) {
          writerOf(writers, change).write(change);
          const { name = '' } = piece.tables[change.table] ?? {};
          counts[name] = (counts[name] ?? 0) + 1;
        }
      this.#remember(next, at);
      this.#database.prepare('UPDATE _holdfast_pull SET full_sync_at = ?').run(at);
    });
    this.#checkpoint();
    return counts;
  }

  async apply(pieces: AsyncIterable<PulledPiece>, next: NextState, at: string): Promise<number> {
    let count = 0;
    await this.#atOnce(async () => {
      for await (const { tables, changes } of pieces) {
        this.#requireShapes(tables);
        const writers = this.#writers(tables);
        for await (const some of changes)
          for (const change of some) {
            writerOf(writers, change).write(change);
            count += 1;
          }
      }
      this.#remember(next, at);
    });
    return count;
  }

  newestStamp(): string | undefined {
    const stamps = this.#shapes().flatMap(({ name, columns }) => {
      const stamp = columns.find((column) => column.name.toLowerCase() === 'updated_at');
      if (stamp === undefined) return [];
      const newest = this.#database
        .prepare(`SELECT max(${quoteIdentifier(stamp.name)}) FROM ${quoteIdentifier(name)}`)
        .pluck()
        .get();
      return typeof newest === 'string' ? [newest] : [];
    });
    return stamps.sort().at(-1);
  }

  rows(): Record<string, number> {
    const count = (name: string) =>
      Number(
        this.#database
          .prepare(`SELECT count(*) FROM ${quoteIdentifier(name)}`)
          .pluck()
          .get(),
      );
    return Object.fromEntries(this.#shapes().map(({ name }) => [name, count(name)]));
  }

  close(): void {
    this.#database.close();
  }

  /** A transaction that may wait for what it reads from: nobody else uses this connection. */
  async #atOnce(work: () => Promise<void>): Promise<void> {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      await work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw explain(this.#path, error);
    }
  }

  #makeTables(tables: readonly TableShape[]): void {
    const kept = new Map(this.#shapes().map((shape) => [shape.name.toLowerCase(), shape]));
    for (const shape of tables) {
      const there = kept.get(shape.name.toLowerCase());
      kept.delete(shape.name.toLowerCase());
      if (there !== undefined && sameShape(there, shape)) {
        this.#database.exec(`DELETE FROM ${quoteIdentifier(shape.name)}`);
        continue;
      }
      if (there !== undefined) this.#drop(there);
      this.#database.exec(createTable(shape));
      this.#database
        .prepare('INSERT INTO _holdfast_shape VALUES (?, ?)')
        .run(shape.name, JSON.stringify(shape));
    }
    for (const gone of kept.values()) this.#drop(gone);
  }

  #drop({ name }: TableShape): void {
    this.#database.exec(`DROP TABLE ${quoteIdentifier(name)}`);
    this.#database.prepare('DELETE FROM _holdfast_shape WHERE name = ?').run(name);
  }

  #requireShapes(tables: readonly TableShape[]): void {
    const there = new Map(this.#shapes().map((shape) => [shape.name, shape]));
    for (const shape of tables) {
      const known = there.get(shape.name);
      if (known !== undefined && sameShape(known, shape)) continue;
      throw new OpsError('unavailable', `cannot take in changes: the table ${shape.name} has changed there`);
    }
  }

  #shapes(): TableShape[] {
    const texts = this.#database.prepare('SELECT shape FROM _holdfast_shape ORDER BY name').pluck().all();
    return (texts as string[]).map((text) => JSON.parse(text) as TableShape);
  }

  #writers(tables: readonly TableShape[]): RowWriter[] {
    return tables.map((shape) => rowWriter(this.#database, shape));
  }

  #remember({ cursor = null, schemaVersion = null, totals }: WithNulls<NextState>, at: string): void {
    this.#database
      .prepare(
        'UPDATE _holdfast_pull SET cursor = ?, schema_version = ?, changed_at = ?, syncs = ?, failed = ?, records = ?',
      )
      .run(cursor, schemaVersion, at, totals.syncs, totals.failed, totals.records);
  }

  /** The log of a full sync is as large as the replica; whoever reads on keeps it for now. */
  #checkpoint(): void {
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // The next commit tries again.
    }
  }
}

type WithNulls<T> = { [Key in keyof T]: undefined extends T[Key] ? T[Key] | null : T[Key] };

interface StateRow {
  cursor: string | null;
  schema_version: string | null;
  changed_at: string | null;
  full_sync_at: string | null;
  syncs: number;
  failed: number;
  records: number;
}

function writerOf(writers: readonly RowWriter[], { table }: Change): RowWriter {
  const writer = writers[table];
  if (writer === undefined) throw new RangeError('a change is of a table that its header has not');
  return writer;
}

function explain(path: string, error: unknown): unknown {
  return systemError(`keep the replica ${path}`, sqliteError(`keep the replica ${path}`, error));
}

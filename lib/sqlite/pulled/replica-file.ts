// The replica of a pull: a file of our own with the master's tables in it, which other programs read while it is kept. Each
// sync is one transaction: a reader sees what was there before it, or all of it.
import { existsSync, statSync } from 'node:fs';
import { OpsError, systemError } from '../../base/errors.ts';
import { shellWord } from '../../base/shell-word.ts';
import type { Change } from '../../delta/change.ts';
import type { NextState, PulledPiece, PulledReplica, PulledState } from '../../delta/pulled.ts';
import type { TableShape } from '../../delta/shape.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { fileNumberAt } from '../../files/identity.ts';
import { sqliteError } from '../errors.ts';
import { requireSource } from '../look.ts';
import { type Database, openOwn, quoteIdentifier } from '../open.ts';
import { bookkeeping, readState, writeState } from './pulled-state.ts';
import { createTable, rowLookup, rowWriter, type RowWriter, sameShape } from './mirror-table.ts';

/** By this, and by its table of state, a file is known as a replica of ours: "Hdfp". */
const applicationId = 0x48_64_66_70;

/** Pages in memory; beyond them, what is not committed yet goes to the log. */
const cacheKiB = 8000;

/**
 * Opens the replica, or makes it where nothing is. Throws OpsError `refused` for a database of somebody else, and whatever
 * else lies there, `damaged`, `denied`, `io`.
 */
export async function openReplicaFile(path: string): Promise<PulledReplica> {
  try {
    if (!existsSync(path)) await writeFileAtomically(path, '', { toOwner: true });
    else if (statSync(path).size > 0) await requireSource(path);
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
  readonly #file: string | undefined;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
    this.#file = fileNumberAt(path);
  }

  isInPlace(): boolean {
    return this.#file !== undefined && fileNumberAt(this.#path) === this.#file;
  }

  state(): PulledState {
    return this.#explained(() => readState(this.#database));
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
      writeState(this.#database, next, { at, isFull: true });
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
      writeState(this.#database, next, { at, isFull: false });
    });
    return count;
  }

  newestStamp(): string | undefined {
    return this.#explained(() => this.#newestStamp());
  }

  #newestStamp(): string | undefined {
    const stamps = this.shapes().flatMap(({ name, columns }) => {
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
    return Object.fromEntries(this.shapes().map(({ name }) => [name, count(name)]));
  }

  shapes(): TableShape[] {
    const sql = 'SELECT shape FROM _holdfast_shape ORDER BY name';
    const texts = this.#explained(() => this.#database.prepare(sql).pluck().all());
    return (texts as string[]).map((text) => JSON.parse(text) as TableShape);
  }

  holds(tables: readonly TableShape[], changes: readonly Change[]): boolean {
    const lookups = tables.map((shape) => rowLookup(this.#database, shape));
    const isThere = (change: Change) =>
      change.kind === 'upsert' && lookups[change.table]?.(change.cells) === true;
    return this.#explained(() => changes.every(isThere));
  }

  /** Without a log where nobody reads now: who may only read the file could not make the side files anew that a log needs. */
  close(): void {
    try {
      this.#database.pragma('busy_timeout = 200');
      if (this.isInPlace()) this.#database.pragma('journal_mode = DELETE');
    } catch {
      // Somebody reads: then its side files stay.
    }
    this.#database.close();
  }

  #explained<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw explain(this.#path, error);
    }
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
    const kept = new Map(this.shapes().map((shape) => [shape.name.toLowerCase(), shape]));
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
    const there = new Map(this.shapes().map((shape) => [shape.name, shape]));
    for (const shape of tables) {
      const known = there.get(shape.name);
      if (known !== undefined && sameShape(known, shape)) continue;
      throw new OpsError('unavailable', `cannot take in changes: the table ${shape.name} has changed there`);
    }
  }

  #writers(tables: readonly TableShape[]): RowWriter[] {
    return tables.map((shape) => rowWriter(this.#database, shape));
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

function writerOf(writers: readonly RowWriter[], { table }: Change): RowWriter {
  const writer = writers[table];
  if (writer === undefined) throw new RangeError('a change is of a table that its header has not');
  return writer;
}

/** What is damaged here is a copy: nobody has to restore it. */
function explain(path: string, error: unknown): unknown {
  const explained = systemError(`keep the replica ${path}`, sqliteError(`keep the replica ${path}`, error));
  if (!(explained instanceof OpsError) || explained.kind !== 'damaged') return explained;
  const files = ['', '-wal', '-shm'].map((suffix) => shellWord(path + suffix)).join(' ');
  return new OpsError('damaged', explained.message, {
    hint: `the replica is only a copy: take it away, and the next look makes it anew: rm -f ${files}`,
    cause: error,
  });
}

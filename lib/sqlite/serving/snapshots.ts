// Read snapshots of a database that is served, and the short transactions that leave markers in it.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import { formatCursor } from '../../delta/pull-cursor.ts';
import { sqliteError } from '../errors.ts';
import type { Database } from '../open.ts';
import { addMarker, lastChange, sharedMarker } from './change-log.ts';
import { type Connections, connectionsTo, type OpenWatching, type WatchingCapture } from './connections.ts';
import { servedTables, type ServedTables, type TableChoice } from './served-tables.ts';

export interface ServingOptions extends TableChoice {
  readonly path: string;
  readonly openCapture: OpenWatching;
  /** Whether a sender needs the log as well. */
  readonly hasSender: boolean;
  /** How long a reader may be away and still go on where it was. */
  readonly keptMs: number;
  /** And for how many entries of the log. */
  readonly rowsMax: number;
  /** How long a lock of the app is waited for. */
  readonly busyMs: number;
  readonly clock: Clock;
}

/** A read snapshot, and what is served of it. */
export interface Snapshot extends Disposable {
  readonly database: Database;
  readonly tables: ServedTables;
  /** The newest entry about a row. */
  readonly last: number;
}

export class Snapshots {
  readonly #options: ServingOptions;
  readonly #connections: Connections;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#connections = connectionsTo(options.path, options.openCapture, options.busyMs);
  }

  close(): void {
    this.#connections.close();
  }

  /** The triggers are looked at first: what they would miss from now on would be missed by every reader. */
  async open(): Promise<Snapshot> {
    let capture: WatchingCapture;
    try {
      capture = await this.#connections.capture();
      capture.check();
    } catch (error) {
      throw this.explain(error);
    }
    const opened = await this.openOnly();
    try {
      const { database } = opened;
      const tables = servedTables(capture.tables(), this.#options, schemaCookie(database));
      return { database, tables, last: lastChange(database), [Symbol.dispose]: opened[Symbol.dispose] };
    } catch (error) {
      opened[Symbol.dispose]();
      throw this.explain(error);
    }
  }

  async openOnly(): Promise<{ database: Database } & Disposable> {
    const connections = this.#connections;
    let database: Database | undefined;
    try {
      database = await connections.reader();
      const opened = database;
      opened.exec('BEGIN');
      requireLog(opened, this.#options.path);
      return { database: opened, [Symbol.dispose]: () => connections.release(opened) };
    } catch (error) {
      if (database !== undefined) connections.release(database);
      throw this.explain(error);
    }
  }

  /**
   * The cursor of an answer that goes as far as `resume`. Without a write-ahead log nobody can write while the snapshot is
   * open: it is let go for the marker, and opened again. Throws ChangedMeanwhile where it is another one then.
   */
  async mark(snapshot: Snapshot, resume: number): Promise<string> {
    const { database, tables, last } = snapshot;
    const { version } = tables;
    const shared = sharedMarker(database, { resume, schema: version });
    if (shared !== undefined) return formatCursor(shared);
    const add = () => this.write((writer) => this.addMarker(writer, version, resume));
    if (database.pragma('journal_mode', { simple: true }) === 'wal') return formatCursor(await add());
    const cookie = schemaCookie(database);
    database.exec('ROLLBACK');
    const cursor = await add();
    database.exec('BEGIN');
    if (lastChange(database) !== last || schemaCookie(database) !== cookie) throw new ChangedMeanwhile();
    return formatCursor(cursor);
  }

  addMarker(writer: Database, schema: string, resume: number) {
    const nonce = randomBytes(16).toString('hex');
    return addMarker(writer, { nonce, resume, schema, atMs: this.#options.clock.now().getTime() });
  }

  /** One short transaction. */
  async write<T>(work: (writer: Database) => T): Promise<T> {
    try {
      const writer = await this.#connections.writer();
      return writer.transaction(() => work(writer)).immediate();
    } catch (error) {
      throw this.explain(error);
    }
  }

  explain(error: unknown): unknown {
    return sqliteError(`serve the changes of ${this.#options.path}`, error);
  }
}

/** The app wrote between a marker and the snapshot that it is of: both have to be made again. */
export class ChangedMeanwhile extends Error {}

function schemaCookie(database: Database): number {
  return Number(database.pragma('schema_version', { simple: true }));
}

function requireLog(database: Database, path: string): void {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_holdfast_log'";
  if (database.prepare(sql).get() !== undefined) return;
  throw new OpsError('missing', `cannot serve the changes of ${path}: nothing in it logs them`, {
    hint: 'delta-serve install puts the log and its triggers into the database',
  });
}

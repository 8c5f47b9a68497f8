// A master's database as its readers are served from it: each answer is one read snapshot, and what a reader goes on from is
// a marker in the log of changes, written in a short transaction of its own once it is known what is handed out.
import { OpsError } from '../../base/errors.ts';
import type { Change } from '../../delta/change.ts';
import { type Marker, parseCursor } from '../../delta/pull-cursor.ts';
import type { Served, ServedSchema, Serving } from '../../delta/serving.ts';
import { sqliteError } from '../errors.ts';
import type { Database } from '../open.ts';
import { entriesAfter, findMarker, keysAfter, lastChange, newestMarker, pruneLog } from './change-log.ts';
import { allRows, currentRows, inPieces, numberedRows, upserts } from './served-rows.ts';
import type { ServedTables } from './served-tables.ts';
import { cutSince, deletedSince, rowsSince, stamped } from './since-rows.ts';
import { ChangedMeanwhile, type ServingOptions, type Snapshot, Snapshots } from './snapshots.ts';

/** A reader that has been told nothing of so many entries gets a cursor behind them. */
const staleEntriesMax = 1000;

/** In a log that grows, time is told by a marker this often, in parts of the time that it is kept. */
const markersPerKeeping = 24;

/** So often an answer is begun anew because the app wrote in the instant between its marker and its snapshot. */
const triesMax = 20;

export function openServing(options: ServingOptions): Serving {
  return new SqliteServing(options);
}

class SqliteServing implements Serving {
  readonly #options: ServingOptions;
  readonly #snapshots: Snapshots;

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#snapshots = new Snapshots(options);
  }

  async schema(): Promise<ServedSchema> {
    using snapshot = await this.#snapshots.open();
    return schemaOf(snapshot.tables);
  }

  async all(): Promise<Served> {
    return this.#answer(async (snapshot) => {
      const { database, tables, last } = snapshot;
      const cursor = await this.#snapshots.mark(snapshot, last);
      return { changes: everything(database, tables), cursor, hasMore: false, nextSince: undefined };
    });
  }

  async after(text: string, limit: number): Promise<Served | undefined> {
    const cursor = parseCursor(text);
    if (cursor === undefined) return undefined;
    return this.#answer(async (snapshot) => {
      const { database, tables, last } = snapshot;
      const marker = findMarker(database, cursor);
      if (marker?.schema !== tables.version) return undefined;
      const sizes = new Map(tables.logged.map(({ id, shape }) => [id, shape.key.length]));
      const { keys, through, hasMore } = keysAfter(database, sizes, marker.resume, limit);
      const resume = hasMore ? through : last;
      const isIdle = keys.length === 0 && !hasMore && !this.#isStale(database, marker);
      return {
        changes: currentRows(database, tables.logged, keys),
        cursor: isIdle ? text : await this.#snapshots.mark(snapshot, resume),
        hasMore,
        nextSince: undefined,
      };
    });
  }

  /** Whether a reader to whom nothing is told should be given a newer marker, before its own is pruned. */
  #isStale(database: Database, { resume, atMs }: Marker): boolean {
    const { clock, keptMs } = this.#options;
    const isOld = Math.abs(clock.now().getTime() - atMs) > keptMs / 2;
    const entriesMax = isOld ? 1 : staleEntriesMax;
    return entriesAfter(database, resume, entriesMax) >= entriesMax;
  }

  async since(since: string, limit: number): Promise<Served | undefined> {
    return this.#answer(async ({ database, tables }) => {
      const withStamps = stamped(tables.logged);
      const cut = cutSince(database, withStamps, since, limit);
      const deleted = deletedSince(database, tables.logged, since);
      if (deleted === undefined) return undefined;
      const rows = rowsSince(database, tables.logged, since, cut);
      const now = this.#options.clock.now().toISOString().slice(0, 26).replace('T', ' ').replace('Z', '');
      const next = cut.newest ?? since;
      return {
        changes: concatenated(deleted, rows),
        cursor: undefined,
        hasMore: cut.through !== undefined,
        // A stamp of the future would keep whoever sends it back from all that comes before it.
        nextSince: (cut.through === undefined && next > now ? now : next).replace(' ', 'T'),
      };
    });
  }

  async lastChange(): Promise<number> {
    using snapshot = await this.#snapshots.openOnly();
    return lastChange(snapshot.database);
  }

  async prune(): Promise<void> {
    const { keptMs, rowsMax, hasSender, clock } = this.#options;
    const nowMs = clock.now().getTime();
    const snapshot = await this.#snapshots.open();
    const { database, tables, last } = snapshot;
    const newest = newestMarker(database);
    snapshot[Symbol.dispose](); // without a write-ahead log it would keep us from writing
    const isOld = newest === undefined || Math.abs(nowMs - newest.atMs) > keptMs / markersPerKeeping;
    const needsMarker = isOld && last > (newest?.seq ?? 0);
    await this.#snapshots.write((writer) => {
      if (needsMarker) this.#snapshots.addMarker(writer, tables.version, last);
      pruneLog(writer, { beforeMs: nowMs - keptMs, rowsMax, hasSender });
    });
  }

  close(): void {
    this.#snapshots.close();
  }

  /** Hands `read` a snapshot, which stays open for what it returns. */
  async #answer<P extends Part | undefined>(
    read: (snapshot: Snapshot) => Promise<P>,
  ): Promise<P extends Part ? Served : undefined>;
  async #answer(read: (snapshot: Snapshot) => Promise<Part | undefined>): Promise<Served | undefined> {
    for (let tries = 1; ; tries += 1) {
      const snapshot = await this.#snapshots.open();
      try {
        const part = await read(snapshot);
        if (part !== undefined) return this.#served(snapshot, part);
      } catch (error) {
        snapshot[Symbol.dispose]();
        if (!(error instanceof ChangedMeanwhile)) throw this.#snapshots.explain(error);
        if (tries === triesMax) throw neverStill(this.#options.path);
        continue;
      }
      snapshot[Symbol.dispose]();
      return undefined;
    }
  }

  #served(snapshot: Snapshot, part: Part): Served {
    const changes = inPieces(explained(this.#options.path, part.changes));
    return {
      ...part,
      schema: schemaOf(snapshot.tables),
      changes,
      [Symbol.dispose]() {
        changes.return(undefined); // a query that nobody reads to its end keeps its connection
        snapshot[Symbol.dispose]();
      },
    };
  }
}

function neverStill(path: string): OpsError {
  return new OpsError('unavailable', `cannot serve the changes of ${path}: the app writes all the time`, {
    hint: 'a write-ahead log lets it be read meanwhile: PRAGMA journal_mode = WAL in the app',
  });
}

type Part = Pick<Served, 'cursor' | 'hasMore' | 'nextSince'> & { readonly changes: Iterable<Change> };

function schemaOf({ logged, unlogged, version }: ServedTables): ServedSchema {
  const tables = [...logged, ...unlogged].map(({ shape }) => shape);
  return { version, tables, fullOnly: unlogged.map(({ shape }) => shape.name) };
}

function* everything(database: Database, { logged, unlogged }: ServedTables): Generator<Change> {
  for (const [index, { shape }] of logged.entries()) yield* upserts(database, index, allRows(shape));
  for (const [index, { shape }] of unlogged.entries())
    yield* numberedRows(database, logged.length + index, shape);
}

function* concatenated(first: Iterable<Change>, second: Iterable<Change>): Generator<Change> {
  yield* first;
  yield* second;
}

/** What goes wrong while rows are read is said as of a database, too. */
function* explained(path: string, changes: Iterable<Change>): Generator<Change> {
  try {
    yield* changes;
  } catch (error) {
    throw sqliteError(`serve the changes of ${path}`, error);
  }
}

// What knows of the changes in a database, over what the log, the walks and the comparisons each give. No transaction is open
// between two calls, and none is waited for longer than a moment: the database is the app's.
import type { Correction } from '../../delta/peer.ts';
import type {
  Acknowledged,
  Capture,
  CapturedTable,
  ChangeSink,
  CollectRequest,
  RereadKeys,
  Told,
} from '../../delta/capture.ts';
import { sqliteError } from '../errors.ts';
import { correctApp, type CorrectingHow } from './correct-app.ts';
import { tellLogged, tellPiece } from './collected.ts';
import { type Diff, openDiff } from './diff.ts';
import { loggedKeys } from './log-changes.ts';
import { type OwnState, ownState } from './own-state.ts';
import { pendingKeys } from './pending.ts';
import { pruneLog } from './prune.ts';
import { keysToNote, noteKeys } from './reread.ts';
import { acknowledge, beginStream, beginWalks, refuseTables } from './progress.ts';
import type { CaptureParts, Stock } from './stock.ts';
import { dropLog, readStock, takeStock } from './take-stock.ts';
import { walkByKey } from './walk.ts';

/** The schema was another one when a piece was read than when it was looked at last. */
class SchemaMoved extends Error {}

/** Outside of WAL a reader keeps the app from committing: it is gone after some milliseconds. */
const rowsMaxBesideRollback = 2000;

export class DatabaseCapture implements Capture {
  readonly #parts: CaptureParts;
  readonly #own: OwnState;
  readonly #diff: Diff;
  readonly #isWal: boolean;
  #stock: Stock;
  #schemaVersion: number;
  /** What was found between two looks, and nobody was told yet. */
  readonly #late: string[] = [];
  /** Walks and changes take turns, so that neither waits for the other to end. */
  #wasChanges = false;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    this.#own = ownState(parts.own);
    this.#diff = openDiff(parts.database, parts);
    this.#isWal = parts.database.pragma('journal_mode', { simple: true }) === 'wal';
    this.#schemaVersion = this.#own.read().schemaVersion;
    this.#stock = this.#reading(() => readStock(parts, this.#own));
  }

  state() {
    return this.#own.read();
  }

  tables(): readonly CapturedTable[] {
    return this.#stock.tables.map(({ facts, ...table }) => ({ ...table, shape: facts.shape }));
  }

  check() {
    const { lastSeq, ackedSeq } = this.#own.read();
    // The newest entry is never removed: without it somebody has emptied the log.
    const isKnown = this.#currentVersion() === this.#schemaVersion && lastSeq > 0 && lastSeq >= ackedSeq;
    const news = isKnown ? { warnings: [], walks: [] } : this.#takeStock();
    const isFull = this.#own.read().waiting > this.#parts.logRowsMax;
    const dropped = isFull ? this.#writing(() => dropLog(this.#parts, this.#own, this.#stock)) : [];
    this.#refresh();
    return { warnings: [...this.#late.splice(0), ...news.warnings, ...dropped], walks: news.walks };
  }

  #takeStock() {
    const news = this.#writing(() => {
      const found = takeStock(this.#parts, this.#own, { isFirst: false });
      // Our own triggers move it too; nobody else can within this transaction.
      this.#schemaVersion = this.#currentVersion();
      this.#own.write({ schema_version: this.#schemaVersion });
      return found;
    });
    this.#refresh();
    return news;
  }

  #currentVersion(): number {
    return Number(this.#parts.database.pragma('schema_version', { simple: true }));
  }

  isIdle(): boolean {
    const { lastSeq, ackedSeq } = this.#own.read();
    return (
      lastSeq === ackedSeq &&
      this.#stock.tables.every(({ state }) => state !== 'walk') &&
      !this.#diff.mayDiffer(this.#stock.tables)
    );
  }

  collect(request: CollectRequest, sink: ChangeSink): Told | undefined {
    for (let tries = 1; ; tries += 1) {
      try {
        const told = this.#collect(request, sink);
        return told && { ...told, tooLarge: [...this.#late.splice(0), ...told.tooLarge] };
      } catch (error) {
        const hasMoved = this.#currentVersion() !== this.#schemaVersion;
        if (!hasMoved || tries === 5) throw error;
        this.#late.push(...this.#takeStock().warnings);
      }
    }
  }

  #collect(request: CollectRequest, sink: ChangeSink): Told | undefined {
    const limits = this.#isWal
      ? request
      : { ...request, rowsMax: Math.min(request.rowsMax, rowsMaxBesideRollback), snapshotRowsMax: 0 };
    const walking = this.#stock.tables.find(({ state }) => state === 'walk');
    const isTurnOfWalk = walking !== undefined && this.#wasChanges;
    const changes = isTurnOfWalk ? undefined : this.#collectChanges(limits, sink);
    this.#wasChanges = changes !== undefined;
    if (changes !== undefined) return changes;
    if (walking === undefined) return this.#tidy();
    const walk = { ...limits, after: walking.walkedTo };
    const { ackedSeq } = this.#own.read();
    const piece =
      walking.by === 'log'
        ? this.#readingAsKnown(() => walkByKey(this.#parts.database, walking, walk))
        : this.#diff.walk(walking, walk);
    return tellPiece({ ...piece, stock: this.#stock, toSeq: ackedSeq, walk: piece }, sink);
  }

  #collectChanges(limits: CollectRequest, sink: ChangeSink): Told | undefined {
    for (;;) {
      const found = this.#readingAsKnown(() => {
        const { ackedSeq: after, lastSeq: end } = this.#own.read();
        if (end === after) return undefined;
        const logged = tellLogged(this.#parts.own, this.#stock, { ...limits, after, end }, sink);
        return { ...logged, isAll: logged.toSeq === end };
      });
      if (found === undefined) break;
      if (found.told !== undefined) return { ...found.told, isAll: found.isAll };
      this.#writing(() => this.#own.write({ acked_seq: found.toSeq })); // nothing that travels
    }
    const differing = this.#diff.changes(this.#stock.tables, limits);
    if (differing === undefined) return undefined;
    const { ackedSeq } = this.#own.read();
    const told = tellPiece({ ...differing, stock: this.#stock, toSeq: ackedSeq, walk: undefined }, sink);
    return { ...told, isAll: differing.isAll };
  }

  /** Where nothing waits there is time for what nobody needs any more. */
  #tidy(): undefined {
    for (let pieces = 0; pieces < 40; pieces += 1)
      if (this.#writing(() => pruneLog(this.#parts.own, this.#own)) === 0) return;
  }

  pending(most: number) {
    if (this.#stock.tables.some(({ state }) => state === 'walk')) return undefined;
    const logged = this.#reading(() => {
      const { ackedSeq, lastSeq } = this.#own.read();
      return lastSeq - ackedSeq > most * 4 ? undefined : loggedKeys(this.#parts.own, ackedSeq, lastSeq);
    });
    return (
      logged && pendingKeys(this.#stock.tables, logged, this.#diff.pending(this.#stock.tables, most), most)
    );
  }

  reread(all: readonly RereadKeys[]): void {
    for (const { table, keys } of keysToNote(all, this.#stock.tables)) {
      if (table.by === 'log') this.#writing(() => noteKeys(this.#parts.own, table.id, keys));
      else this.#diff.forgetKeys(table, keys);
    }
  }

  correct(corrections: readonly Correction[], how: CorrectingHow) {
    return correctApp(
      this.#parts,
      { capture: this, tables: this.#stock.tables, diff: this.#diff },
      corrections,
      how,
    );
  }

  beginEpoch(epoch: string): void {
    this.#writing(() => beginStream(this.#own, epoch, this.#stock.tables));
    this.#diff.forgetAll();
    this.#refresh();
  }

  walk(tables?: readonly string[]): void {
    const named = this.#stock.tables.filter(({ name }) => tables?.includes(name) ?? true);
    this.#writing(() => beginWalks(this.#own, named));
    this.#refresh();
  }

  refuse(tables: readonly string[]): void {
    this.#writing(() => refuseTables(this.#own, tables, this.#stock.tables));
    this.#refresh();
  }

  noteMade(link: string): void {
    this.#writing(() => this.#own.write({ made: link }));
  }

  acknowledge(collected: Acknowledged, given: { nonce: string; batchNo: number }): void {
    this.#writing(() => acknowledge(this.#parts.own, this.#own, collected, given));
    this.#diff.arrived();
    this.#refresh();
  }

  close(): void {
    this.#diff.close();
    this.#parts.database.close();
    if (this.#parts.own !== this.#parts.database) this.#parts.own.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #refresh(): void {
    this.#stock = this.#reading(() => readStock(this.#parts, this.#own));
  }

  /** Throws SchemaMoved where the tables are not what they were when they were looked at. */
  #readingAsKnown<T>(work: () => T): T {
    return this.#reading(() => {
      if (this.#currentVersion() !== this.#schemaVersion) throw new SchemaMoved();
      return work();
    });
  }

  #reading<T>(work: () => T): T {
    return this.#guarded(() => this.#parts.database.transaction(work).deferred());
  }

  #writing<T>(work: () => T): T {
    return this.#guarded(() => this.#parts.own.transaction(work).immediate());
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof SchemaMoved) throw error;
      throw sqliteError(`tell what has changed in ${this.#parts.path}`, error, {
        hint: 'the next cycle goes on; where this stays, ask the app why it keeps the database locked',
      });
    }
  }
}

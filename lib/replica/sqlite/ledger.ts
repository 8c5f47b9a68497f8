// What a replica remembers of its sources: where each stands, its batches, and the keys that it may not know to have arrived.
import { type SourceState, unconfirmedKeysMax } from '../../delta/agreement.ts';
import type { BatchHeader, BatchResult } from '../../delta/batch.ts';
import type { RereadKeys } from '../../delta/capture.ts';
import { parseKey } from '../../delta/held-payload.ts';
import type { AppliedBatch } from '../../delta/turn.ts';
import type { Database } from '../../sqlite/open.ts';

export interface SourceRow {
  id: number;
  name: string;
  instance: string | null;
  lineage: string | null;
  epoch: string | null;
  batch_no: number;
  nonce: string | null;
  confirmed_nonce: string | null;
  unconfirmed_keys: number;
  high_water: number;
  last_batch_at: string | null;
  last_taken_at: string | null;
  is_resyncing: number;
  batches: number;
  rows: number;
}

/** So many batches of a source are answered again. */
const answeredBatches = 1000;

export function stateOf(name: string, row: SourceRow | undefined): SourceState {
  return {
    source: name,
    instance: row?.instance ?? undefined,
    lineage: row?.lineage ?? undefined,
    epoch: row?.epoch ?? undefined,
    batchNo: row?.batch_no ?? 0,
    nonce: row?.nonce ?? undefined,
    confirmedNonce: row?.confirmed_nonce ?? undefined,
    unconfirmedKeys: row?.unconfirmed_keys ?? 0,
    highWater: row?.high_water ?? 0,
  };
}

export function findSource(database: Database, name: string): SourceRow | undefined {
  return database.prepare('SELECT * FROM _holdfast_source WHERE name = ?').get(name) as SourceRow | undefined;
}

export function allSources(database: Database): SourceRow[] {
  return database.prepare('SELECT * FROM _holdfast_source ORDER BY name').all() as SourceRow[];
}

/** The row of the source, which is made where there is none. */
export function requireSource(database: Database, name: string): SourceRow {
  database.prepare('INSERT OR IGNORE INTO _holdfast_source (name) VALUES (?)').run(name);
  const found = findSource(database, name);
  if (found === undefined) throw new Error('a source that was just written down is not there');
  return found;
}

export function appliedBatch(
  database: Database,
  source: number,
  { epoch, batchNo }: BatchHeader,
): AppliedBatch | undefined {
  const row = database
    .prepare('SELECT sha256, result FROM _holdfast_batch WHERE source = ? AND epoch = ? AND batch_no = ?')
    .get(source, epoch, batchNo) as { sha256: string; result: string | null } | undefined;
  if (row === undefined) return undefined;
  const result = row.result === null ? undefined : (JSON.parse(row.result) as BatchResult);
  return { sha256: row.sha256, result };
}

/** Its number here, which rows say that came in it. `stamp`: when its snapshot was taken, in microseconds. */
export function beginBatch(
  database: Database,
  batch: { source: number; header: BatchHeader; sha256: string; stamp: number; now: string },
): number {
  const { source, header, sha256, stamp, now } = batch;
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO _holdfast_batch (source, epoch, batch_no, sha256, stamp, taken_at, applied_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(source, header.epoch, BigInt(header.batchNo), sha256, BigInt(stamp), header.takenAt, now);
  return Number(lastInsertRowid);
}

export function stampOfBatch(database: Database, batch: number): number {
  const stamp = database.prepare('SELECT stamp FROM _holdfast_batch WHERE id = ?').pluck().get(batch);
  return Number(stamp ?? 0);
}

/** The state of the source after the batch, and what is answered to whoever sends it again. */
export function endBatch(
  database: Database,
  ended: {
    source: SourceRow;
    batch: number;
    header: BatchHeader;
    result: BatchResult;
    confirmedNonce: string | undefined;
    unconfirmedKeys: number;
    rows: number;
    now: string;
  },
): void {
  const { source, batch, header, result, now } = ended;
  const id = source.id;
  database.prepare('UPDATE _holdfast_batch SET result = ? WHERE id = ?').run(JSON.stringify(result), batch);
  database
    .prepare(
      `UPDATE _holdfast_batch SET result = NULL
       WHERE source = ? AND epoch = ? AND batch_no = ? AND result IS NOT NULL`,
    )
    .run(id, header.epoch, BigInt(header.batchNo - answeredBatches));
  database
    .prepare(
      `UPDATE _holdfast_source SET instance = :instance, lineage = :lineage, epoch = :epoch, batch_no = :batchNo,
         nonce = :nonce, confirmed_nonce = :confirmedNonce, unconfirmed_keys = :unconfirmedKeys, high_water = :toSeq,
         last_batch_at = :now, last_taken_at = :takenAt, is_resyncing = :isResyncing, batches = batches + 1,
         rows = rows + :rows WHERE id = :id`,
    )
    .run({
      id,
      now,
      instance: header.instance,
      lineage: header.lineage,
      epoch: header.epoch,
      batchNo: BigInt(header.batchNo),
      nonce: result.nonce,
      confirmedNonce: ended.confirmedNonce ?? null,
      unconfirmedKeys: BigInt(ended.unconfirmedKeys),
      toSeq: BigInt(header.toSeq),
      takenAt: header.takenAt,
      isResyncing: header.resyncing ? 1n : 0n,
      rows: BigInt(ended.rows),
    });
}

const keysPerRow = 1000;

/** The keys of one batch, kept until its sender is seen to know that they arrived; bounded, for beyond that all travels anew. */
export class UnconfirmedKeys {
  readonly #database: Database;
  readonly #source: number;
  readonly #waiting = new Map<string, string[]>();
  count: number;

  constructor(database: Database, source: number, before: number) {
    this.#database = database;
    this.#source = source;
    this.count = before;
  }

  add(table: string, key: string): void {
    this.count += 1;
    if (this.count > unconfirmedKeysMax) return;
    const keys = this.#waiting.get(table) ?? [];
    keys.push(key);
    this.#waiting.set(table, keys);
    if (keys.length >= keysPerRow) this.#flush(table, keys);
  }

  end(): void {
    for (const [table, keys] of this.#waiting) this.#flush(table, keys);
    if (this.count > unconfirmedKeysMax) forgetUnconfirmed(this.#database, this.#source);
  }

  #flush(table: string, keys: string[]): void {
    if (keys.length === 0) return;
    this.#database
      .prepare('INSERT INTO _holdfast_unconfirmed (source, table_name, keys) VALUES (?, ?, ?)')
      .run(this.#source, table, `[${keys.join(',')}]`);
    keys.length = 0;
  }
}

export function forgetUnconfirmed(database: Database, source: number): void {
  database.prepare('DELETE FROM _holdfast_unconfirmed WHERE source = ?').run(source);
}

export function readUnconfirmed(database: Database, source: number): RereadKeys[] {
  const rows = database
    .prepare('SELECT table_name, keys FROM _holdfast_unconfirmed WHERE source = ? ORDER BY id')
    .all(source) as { table_name: string; keys: string }[];
  const tables = new Map<string, Set<string>>();
  for (const { table_name: table, keys } of rows) {
    const known = tables.get(table) ?? new Set();
    for (const key of JSON.parse(keys) as unknown[]) known.add(JSON.stringify(key));
    tables.set(table, known);
  }
  return [...tables].map(([table, keys]) => ({ table, keys: [...keys].map(parseKey) }));
}

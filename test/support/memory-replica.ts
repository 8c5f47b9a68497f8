// A replica that only counts: what arrives, in the order in which it does, and whose turn it is.
import { randomBytes } from 'node:crypto';
import type { SourceState } from '../../lib/delta/agreement.ts';
import type { BatchResult } from '../../lib/delta/batch.ts';
import type { Change } from '../../lib/delta/change.ts';
import { ProtocolRefusal } from '../../lib/delta/refusal.ts';
import type { ArrivingBatch, Replica } from '../../lib/replica/replica.ts';

export class MemoryReplica implements Replica {
  readonly changes: Change[] = [];
  readonly calls: string[] = [];
  closed = false;
  /** Waited for in the middle of each batch. */
  meanwhile: () => Promise<void> = async () => undefined;
  readonly #states = new Map<string, SourceState>();
  readonly #results = new Map<string, { sha256: string; result: BatchResult }>();

  async state(source: string): Promise<SourceState> {
    return (
      this.#states.get(source) ?? {
        source,
        instance: undefined,
        lineage: undefined,
        epoch: undefined,
        batchNo: 0,
        nonce: undefined,
        confirmedNonce: undefined,
        unconfirmedKeys: 0,
        highWater: 0,
      }
    );
  }

  async apply({ header, sha256, changes }: ArrivingBatch): Promise<BatchResult> {
    const { source, epoch, batchNo, instance, lineage, toSeq } = header;
    const before = this.#results.get(`${source} ${epoch} ${batchNo}`);
    if (before?.sha256 === sha256) return before.result;
    const state = await this.state(source);
    if (before !== undefined) throw new ProtocolRefusal('differs', 'other bytes', state);
    const next = state.epoch === epoch ? state.batchNo + 1 : 1;
    if (batchNo !== next) throw new ProtocolRefusal('state', `it is at batch ${state.batchNo}`, state);
    const arrived: Change[] = [];
    for await (const some of changes) arrived.push(...some);
    await this.meanwhile();
    this.changes.push(...arrived);
    const nonce = randomBytes(16).toString('hex');
    this.#states.set(source, { ...state, epoch, batchNo, instance, lineage, nonce, highWater: toSeq });
    const upserts = arrived.filter(({ kind }) => kind === 'upsert').length;
    const applied = { upserts, deletes: arrived.length - upserts, unchanged: 0 };
    const result = { batchNo, nonce, applied, held: {}, refusedTables: [], anomalies: 0 };
    this.#results.set(`${source} ${epoch} ${batchNo}`, { sha256, result });
    return result;
  }

  unconfirmed = async () => [];
  offer = async () => ({ refused: [], kept: [] });
  approve = async () => [];
  frozenDays = async () => [];
  held = async () => [];
  discard = async () => 0;
  days = async () => [];
  keys = async () => [];
  corrections = async () => [];
  tables = async () => [];
  digest = async (queries: readonly unknown[]) =>
    queries.map(() => ({ rows: 0, sum: '0'.repeat(16), xor: '0'.repeat(16) }));
  release = async () => ({ applied: 0, stillHeld: 0 });
  reopen = async () => ({ replayed: 0, stillHeld: 0 });
  correct = async () => ({ rows: 0 });

  async takeOver(source: string): Promise<void> {
    this.calls.push(`takeover ${source}`);
  }

  async freeze(): Promise<never> {
    throw new Error('not here');
  }

  async standing() {
    return { held: [], sources: this.#sources() };
  }

  async status() {
    this.calls.push('status');
    return { tables: [], held: {}, sources: this.#sources() };
  }

  #sources() {
    return [...this.#states.values()].map((state) => ({
      ...state,
      lastBatchAt: '2026-11-20T02:05:13.000Z',
      lastTakenAt: '2026-11-20T02:05:13.000Z',
      isResyncing: false,
      batches: state.batchNo,
      rows: this.changes.length,
    }));
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

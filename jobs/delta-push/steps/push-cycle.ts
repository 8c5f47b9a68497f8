// One cycle: what lies in the spool goes first, then both sides say where they stand, and then everything that waits goes, a
// batch at a time. Killed at any instant, the next cycle goes on: nothing counts as arrived before the receiver has said so,
// and what it applied without our hearing of it is found by the nonce.
import type { Clock } from '../../../lib/base/clock.ts';
import type { Log } from '../../../lib/base/log.ts';
import { agreementOf, type SourceState } from '../../../lib/delta/agreement.ts';
import type { BatchResult } from '../../../lib/delta/batch.ts';
import type { Capture, CollectRequest } from '../../../lib/delta/capture.ts';
import type { Peer, PeerState } from '../../../lib/delta/peer.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
import type { SenderRecord } from '../../../lib/delta/sender-record.ts';
import { countBatch, type CycleReport, newReport } from './cycle-report.ts';
import { deliver } from './deliver.ts';
import { Forked } from './forked.ts';
import { batchMaker } from './make-batch.ts';
import { nextHeader, type Reached } from './next-header.ts';
import { offerShapes } from './offer-shapes.ts';
import type { PushProgress } from './push-progress.ts';
import { moveGuard, sentPieces, walksBegunSince } from './sent-pieces.ts';
import { randomHex, type SenderFiles } from './sender-files.ts';
import type { Spooled } from './spool.ts';

export interface CycleParts extends CollectRequest {
  readonly source: string;
  readonly capture: Capture;
  readonly peer: Peer;
  readonly files: SenderFiles;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: PushProgress;
  /** Told what became of each batch that the other side has answered. */
  readonly onAnswer?: (batch: Spooled, outcome: { result: BatchResult } | { error: ProtocolRefusal }) => void;
}

/** A receiver that changes its mind again and again within a cycle is left to the next one. */
const agreementsMax = 3;

/**
 * An app that never rests has changed something whenever a batch has arrived. After so many in a row of which each was all that
 * waited, the rest is left to the next cycle: one that never ends says nothing, keeps its lock, and is ended as if it hung.
 */
const allMax = 10;

/**
 * Runs it. Throws PeerTrouble where the receiver cannot be asked, Forked where somebody else sends under the name, and what the
 * capture throws. `record` is as the last cycle has left it; what is known by the end is kept in `files`, also where it throws.
 */
export async function pushCycle(
  parts: CycleParts,
  record: SenderRecord,
): Promise<{ report: CycleReport; record: SenderRecord }> {
  const cycle = new Cycle(parts, record);
  try {
    for (let round = 1; !(await cycle.run(round)); round += 1);
    return { report: cycle.report, record: cycle.record };
  } finally {
    if (cycle.record !== record) await parts.files.write(cycle.record);
  }
}

class Cycle {
  readonly report = newReport();
  record: SenderRecord;
  readonly #parts: CycleParts;

  constructor(parts: CycleParts, record: SenderRecord) {
    this.#parts = parts;
    this.record = record;
  }

  /** Whether it came to its end; else the receiver stands elsewhere than it said, and is asked again. */
  async run(round: number): Promise<boolean> {
    try {
      await this.#run();
      return true;
    } catch (error) {
      if (!(error instanceof ProtocolRefusal) || error.reason === 'fork' || round >= agreementsMax)
        throw error;
      this.#parts.log.info('the receiver stands elsewhere than it said: it is asked again', {
        reason: error.message,
      });
      await this.#parts.files.spool.drop(); // what was in it is still noted
      this.record = { ...this.record, offered: undefined };
      return false;
    }
  }

  async #run(): Promise<void> {
    const { capture, peer } = this.#parts;
    this.report.warnings.push(...capture.check().warnings);
    const state = await this.#finishSpooled(await peer.state());
    await this.#agree(state);
    this.record = await offerShapes(this.#parts, this.record);
    this.report.refusedTables = this.record.refusedTables;
    await this.#sendAll(state);
  }

  /** What was made and not seen acknowledged goes first: by it the receiver's link is ours again. */
  async #finishSpooled(peerState: PeerState): Promise<SourceState> {
    const { files, peer } = this.#parts;
    const spooled = await files.spool.look();
    if (spooled === undefined) return peerState.state;
    if (!this.#isForReceiver(spooled, peerState.state)) {
      await files.spool.drop(); // what was in it is still noted
      return peerState.state;
    }
    const { staged } = peerState;
    await this.#deliver(spooled, staged?.sha256 === spooled.sha256 ? staged.bytes : 0);
    return (await peer.state()).state;
  }

  /** Whether the receiver waits for this batch, or has it. Made in a database that was put back since, it is neither. */
  #isForReceiver({ header }: Spooled, { epoch, batchNo, lineage }: SourceState): boolean {
    const here = this.#parts.capture.state();
    if (header.epoch !== here.epoch || header.heldNonce !== here.nonce) return false;
    // Put back to before it was made, and nothing of it acknowledged in between: the nonce alone does not show that.
    if (header.lineage !== here.made) return false;
    if (lineage === header.lineage) return true;
    const isNext =
      header.epoch === epoch
        ? header.batchNo === batchNo + 1
        : header.batchNo === 1 && header.replaces === epoch;
    return isNext && header.heldLineage === lineage;
  }

  async #agree(state: SourceState): Promise<void> {
    const { capture, peer } = this.#parts;
    const { epoch, nonce } = capture.state();
    const agreement = agreementOf({ ...this.record, epoch, nonce }, state);
    this.report.agreement ??= agreement;
    if (agreement === 'fork') throw new Forked(state);
    if (agreement === 'reread') {
      capture.reread(await peer.unconfirmed());
      const again = walksBegunSince(this.record.walked, capture);
      if (again.length > 0) capture.walk(again);
    }
    this.#confirmLink(state);
    // Always another one: what this database holds may be a stream that has ended meanwhile.
    if (agreement === 'first' || agreement === 'resync') capture.beginEpoch(randomHex());
    if (agreement === 'resync')
      this.#parts.log.warn('one of both sides was put back: everything is compared and sent anew');
  }

  /** The receiver has the link that was pending: from now on it is one that we have left behind, and nobody else's. */
  #confirmLink({ lineage }: SourceState): void {
    if (lineage !== undefined && lineage === this.record.pending)
      this.record = { ...this.record, lineage, pending: undefined };
  }

  async #sendAll(state: SourceState): Promise<void> {
    let receiver: Reached = state;
    const requireMove = moveGuard();
    await this.#parts.progress.begin();
    for (let inARow = 0; inARow < allMax;) {
      this.#parts.signal.throwIfAborted();
      const batch = await this.#spoolNext(receiver);
      if (batch === undefined) return;
      inARow = batch.isAll ? inARow + 1 : 0;
      await this.#deliver(batch, 0, batch.changes);
      receiver = batch.header;
      requireMove(batch.header);
    }
  }

  /** The record before the batch has its name: a link that was sent and is not in it would be somebody else's. */
  async #spoolNext(receiver: Reached): Promise<(Spooled & { changes: number; isAll: boolean }) | undefined> {
    const { files, capture } = this.#parts;
    await using draft = await files.spool.draft();
    const maker = batchMaker(draft, (collected) =>
      nextHeader(this.#parts, { collected, record: this.record, receiver }),
    );
    const told = capture.collect(this.#parts, maker);
    if (told === undefined) return undefined;
    this.report.warnings.push(...told.tooLarge);
    const { header, changes } = maker.end();
    const links = this.record.links + 1;
    const walked = sentPieces(this.record.walked, header);
    this.record = { ...this.record, links, pending: header.lineage, walked };
    await files.write(this.record);
    capture.noteMade(header.lineage);
    const isAll = told.isAll === true;
    return { header, sizeBytes: draft.sizeBytes, sha256: await draft.publish(), changes, isAll };
  }

  async #deliver(batch: Spooled, startAt: number, changes = 0): Promise<void> {
    const { peer, files, signal, capture, progress } = this.#parts;
    const onReceived = progress.batch(changes, batch.sizeBytes);
    const { pieceBytes } = this.record;
    const delivered = await deliver(batch, {
      peer,
      spool: files.spool,
      startAt,
      signal,
      pieceBytes,
      onReceived,
    }).catch((error: unknown) => {
      if (error instanceof ProtocolRefusal) this.#parts.onAnswer?.(batch, { error });
      throw error;
    });
    this.#parts.onAnswer?.(batch, delivered);
    const { header } = batch;
    const { result } = delivered;
    capture.acknowledge(
      {
        toSeq: header.toSeq,
        range: header.range,
        table: header.range && header.tables[header.range.table]?.name,
      },
      { nonce: result.nonce, batchNo: header.batchNo },
    );
    await files.spool.drop();
    this.#noteRefused(result);
    const { applied } = result;
    this.record = {
      ...this.record,
      lineage: header.lineage,
      pending: undefined,
      pieceBytes: delivered.pieceBytes,
      changes: this.record.changes + applied.upserts + applied.deletes,
    };
    countBatch(this.report, result, batch.sizeBytes);
  }

  /** Nothing of these was taken: all of it travels once somebody has approved of them, for which the next cycle asks. */
  #noteRefused({ refusedTables }: BatchResult): void {
    if (refusedTables.length === 0) return;
    const refused = [...new Set([...this.record.refusedTables, ...refusedTables])];
    this.#parts.capture.refuse(refused);
    this.record = { ...this.record, refusedTables: refused };
    this.report.refusedTables = refused;
  }
}

// Batches of sources: pieces are put together, and what is whole is applied. Each source has one batch on its way, and
// whoever sends it again, after a lost connection, takes the place of who sent it before.
import { batchResultMessage } from '../../../lib/delta/messages.ts';
import type { BatchResult } from '../../../lib/delta/batch.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
import { type Asked, Refused, type Said } from '../../../lib/http/asked.ts';
import type { BatchName, Staging } from '../../../lib/http/staging.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import { arrivingBatch } from './arriving-batch.ts';

/** What became of a batch, for whoever keeps count. */
export interface BatchEvent {
  readonly source: string;
  readonly batch: BatchName;
  readonly outcome: { readonly result: BatchResult } | { readonly error: unknown };
}

interface OnItsWay {
  readonly stop: AbortController;
  isApplied: boolean;
  readonly done: Promise<unknown>;
}

/** So often it is said that a large batch is still worked on. */
const stillAtWorkMs = 10_000;

export interface BatchTaker {
  take(asked: Asked, replica: Replica): Promise<Said>;
  /** Resolves when nothing is applied any more. */
  idle(): Promise<void>;
}

export function createBatchTaker(staging: Staging, onBatch: (event: BatchEvent) => void): BatchTaker {
  const onTheirWay = new Map<string, OnItsWay>();
  const work = async (asked: Asked, replica: Replica, mine: OnItsWay): Promise<Said> => {
    const { source } = asked;
    const batch = nameOf(asked);
    const received = await staging.take(source, batch, pieceOf(asked, batch, mine));
    if (received < batch.sizeBytes) return { status: 202, body: { received } };
    mine.isApplied = true;
    const isOurs = staging.isOurs(source);
    const path = await staging.whole(source, batch);
    if (path === undefined) return spoilt(isOurs);
    const timer = setInterval(() => asked.stillAtWork(), stillAtWorkMs);
    try {
      const result = await replica.apply(await arrivingBatch(path, source, batch));
      onBatch({ source, batch, outcome: { result } });
      await staging.remove(source);
      return { status: 200, body: { result: batchResultMessage.format(result) } };
    } catch (error) {
      onBatch({ source, batch, outcome: { error } });
      // What was refused will be refused again; what only failed may be applied by the next try.
      if (error instanceof ProtocolRefusal || error instanceof Refused) await staging.remove(source);
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
  return {
    async take(asked, replica) {
      const before = onTheirWay.get(asked.source);
      if (before?.isApplied === true)
        throw new Refused(503, 'the last batch is still being applied', { retryAfterSeconds: 2 });
      before?.stop.abort();
      await before?.done;
      // Of two that waited here one goes first.
      if (onTheirWay.has(asked.source))
        throw new Refused(503, 'another connection sends for this source', { retryAfterSeconds: 2 });
      const over = Promise.withResolvers<void>();
      const mine: OnItsWay = { stop: new AbortController(), isApplied: false, done: over.promise };
      onTheirWay.set(asked.source, mine);
      try {
        return await work(asked, replica, mine);
      } finally {
        onTheirWay.delete(asked.source);
        over.resolve();
      }
    },
    async idle() {
      await Promise.all([...onTheirWay.values()].map(({ done }) => done));
    },
  };
}

/** A power cut may have taken some of what was there before this process: it is sent once more then. */
function spoilt(isOurs: boolean): Said {
  if (isOurs) throw malformed('its bytes are not those of its SHA-256');
  return { status: 202, body: { received: 0 } };
}

function nameOf(asked: Asked): BatchName {
  const epoch = asked.param('epoch');
  const [batchNo, sizeBytes] = [asked.param('no'), asked.query('size')].map(wholeNumber);
  const sha256 = asked.query('sha256') ?? '';
  if (!/^[0-9a-f]{32}$/.test(epoch)) throw malformed('its epoch is not 32 lower-case hex digits');
  if (batchNo === undefined || batchNo < 1) throw malformed('its number is none from 1 on');
  if (sizeBytes === undefined || sizeBytes < 1) throw malformed('its size is no number of bytes');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw malformed('its sha256 is not 64 lower-case hex digits');
  return { epoch, batchNo, sizeBytes, sha256 };
}

function pieceOf(asked: Asked, { sizeBytes }: BatchName, { stop }: OnItsWay) {
  const offset = wholeNumber(asked.query('offset'));
  if (offset === undefined || offset > sizeBytes) throw malformed('its offset is none within the batch');
  if (asked.sizeBytes === undefined) throw new Refused(411, 'its head must say how large its body is');
  if (offset + asked.sizeBytes > sizeBytes) throw malformed('its body goes beyond the size of the batch');
  const signal = AbortSignal.any([stop.signal, asked.signal]);
  return { offset, sizeBytes: asked.sizeBytes, open: () => asked.bytes(), signal };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

function malformed(message: string): ProtocolRefusal {
  return new ProtocolRefusal('malformed', message);
}

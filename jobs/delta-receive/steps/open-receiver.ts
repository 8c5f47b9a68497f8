// Everything that the service keeps open: replicas when they are first asked for, what is staged, what is remembered.
import { errorMessage } from '../../../lib/base/errors.ts';
import type { ReceiveConfig, ReplicaConfig } from '../../../lib/config/delta-config.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { DeltaBook } from '../../../lib/history/delta-book.ts';
import type { History } from '../../../lib/history/history.ts';
import { readSourceBook, SourceBook } from '../../../lib/http/source-book.ts';
import { Staging } from '../../../lib/http/staging.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { Replica } from '../../../lib/replica/replica.ts';
import { batchRow } from '../../steps/batch-row.ts';
import { receivePlaces } from './places.ts';
import type { OpenReplica, Receiver } from './routes.ts';
import { statusDocument } from './status-document.ts';
import { type BatchEvent, createBatchTaker } from './take-batches.ts';
import { lookAtReplica } from './watched-replicas.ts';

export interface OpenReceiver extends Receiver {
  /** Looks how all replicas stand, and notes it for people and for health-check. */
  watch(): Promise<void>;
  /** When what is being applied is done. */
  close(): Promise<void>;
}

interface Parts extends Pick<JobContext, 'clock' | 'log' | 'version'> {
  openReplica(config: ReplicaConfig): Promise<Replica>;
  openHistory(): History;
}

/** Batches that wait to be whole take as much as so many of the largest. */
const stagedBatches = 4;

export async function openReceiver(
  {
    stateDirectory,
    receive,
    replicas,
  }: { stateDirectory: string; receive: ReceiveConfig; replicas: readonly ReplicaConfig[] },
  { clock, log, version, openReplica, openHistory }: Parts,
): Promise<OpenReceiver> {
  const places = receivePlaces(stateDirectory);
  await createDirectories(places.directory);
  const { batchBytesMax } = receive;
  const staging = new Staging(places.staged, { batchBytesMax, totalBytesMax: stagedBatches * batchBytesMax });
  await staging.sweep(
    replicas.flatMap(({ policy }) => policy.sources),
    clock.now(),
  );
  const book = new SourceBook(places.sources, await readSourceBook(places.sources), { clock, log });
  const past = new DeltaBook({ open: openHistory, clock });
  const replicaNames = new Map(
    replicas.flatMap(({ name, policy }) => policy.sources.map((one) => [one, name])),
  );
  const taker = createBatchTaker(staging, (event) => {
    noteBatch(event, book, { log });
    const { source, batch, outcome } = event;
    const subject = replicaNames.get(source) ?? '';
    past.note(batchRow({ ...batch, source, subject, at: clock.now(), direction: 'received' }, outcome));
  });
  const opened = new Map<string, Promise<Replica>>();
  const open = (config: ReplicaConfig): Promise<Replica> => {
    const found = opened.get(config.name) ?? openReplica(config);
    opened.set(config.name, found);
    // What does not open now may with the next request.
    found.catch(() => opened.delete(config.name));
    return found;
  };
  return {
    staging,
    taker,
    version,
    async replicaOf(source): Promise<OpenReplica | undefined> {
      const config = replicas.find(({ policy }) => policy.sources.includes(source));
      return config && { name: config.name, policy: config.policy, replica: await open(config) };
    },
    seen: (source) => book.seen(source),
    async status({ name, policy: { sources }, replica }) {
      const known = [{ name, sources, status: await replica.status() }];
      return { ...statusDocument(known, { running: true, notes: book.notes(), now: clock.now() }) };
    },
    async watch() {
      for (const one of replicas) {
        const looked = await lookAtReplica(one, () => open(one), { notes: book.notes(), now: clock.now() });
        past.noteReplica(looked);
      }
    },
    async close() {
      await taker.idle();
      past.write();
      const all = await Promise.allSettled(opened.values());
      for (const one of all) if (one.status === 'fulfilled') await one.value.close();
      await book.write();
    },
  };
}

/** The one place that hears what became of each batch. */
function noteBatch(
  { source, batch, outcome }: BatchEvent,
  book: SourceBook,
  { log }: Pick<Parts, 'log'>,
): void {
  const fields = { source, batch: batch.batchNo, bytes: batch.sizeBytes };
  if ('error' in outcome) {
    const reason = errorMessage(outcome.error);
    log.warn('a batch was not taken', { ...fields, reason });
    book.failed(source, reason);
    return;
  }
  const { applied, held, refusedTables } = outcome.result;
  const waiting = Object.values(held).reduce((sum, count) => sum + count, 0);
  log.info('a batch was applied', {
    ...fields,
    ...applied,
    held: waiting,
    refused_tables: refusedTables.join(' ') || undefined,
  });
}

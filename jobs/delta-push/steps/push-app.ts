// A cycle of one app under its lock, and what is made of trouble: changes wait, and nothing is lost.
import { errorMessage } from '../../../lib/base/errors.ts';
import { pauseMs } from '../../../lib/delta/backoff.ts';
import { type Peer, PeerTrouble } from '../../../lib/delta/peer.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
import { needsPerson, type SenderRecord, type SenderTrouble } from '../../../lib/delta/sender-record.ts';
import { DeltaBook } from '../../../lib/history/delta-book.ts';
import { networkMark } from '../../../lib/process/network-addresses.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { DeltaApp } from '../../../lib/run/open-capture.ts';
import { deltaHistoryOf } from '../../../lib/run/open-history.ts';
import { Forked } from './forked.ts';
import { batchRow } from '../../steps/batch-row.ts';
import type { CycleReport } from './cycle-report.ts';
import { keptNews } from './kept-columns.ts';
import { type CycleParts, pushCycle } from './push-cycle.ts';
import { pushProgress } from './push-progress.ts';
import { type SenderFiles, senderFiles } from './sender-files.ts';

/** How it went. */
export interface Pushed {
  /** `waiting`: the receiver is out of reach, and it is tried again. `stopped`: until a person has done something. */
  readonly outcome: 'sent' | 'nothing' | 'waiting' | 'stopped';
  readonly batches: number;
  readonly upserts: number;
  readonly deletes: number;
  readonly unchanged: number;
  readonly sentBytes: number;
  /** What was kept back at the receiver in this cycle, by reason. */
  readonly held: Readonly<Record<string, number>>;
  readonly refusedTables: readonly string[];
  /** Noted keys that wait now. */
  readonly waiting: number;
  readonly caughtUpAt: string | undefined;
  readonly trouble: SenderTrouble | undefined;
  readonly warnings: readonly string[];
}

/** A piece of a walk holds no more rows than 8,000; what is logged is one batch, while it can be read in some seconds. */
const limits = { rowsMax: 8_000, bytesMax: 2 * 1024 * 1024, snapshotRowsMax: 250_000 };

/** `isForced`: a person asks for it, who does not wait for the end of a pause. */
export async function pushApp(
  context: JobContext,
  app: DeltaApp,
  { isForced }: { isForced: boolean },
): Promise<Pushed> {
  await using lock = await context.lock({ name: app.name, scope: 'delta' }, 'delta-push run');
  void lock;
  const files = senderFiles(context.config.stateDirectory, app.name);
  const record = await beginSender(files);
  using capture = await context.openCapture(app);
  const waiting = () => capture.state().waiting;
  if (record.trouble !== undefined && !isForced && isResting(record.trouble, context.clock.now())) {
    const rest = standing({ ...record, waiting: waiting() });
    return { ...nothingDone, ...rest, outcome: outcomeOf(record.trouble) };
  }
  using peer = await context.openPeer(app.delta);
  const { clock, log, signal } = context;
  const progress = pushProgress(context, app, capture);
  const past = new DeltaBook({ open: () => deltaHistoryOf(context), clock });
  const onAnswer = noteIn(past, context, app);
  try {
    const done = await pushCycle(
      { source: app.delta.source, capture, peer, files, clock, log, signal, progress, onAnswer, ...limits },
      record,
    );
    const now = clock.now().toISOString();
    const kept = {
      ...done.record,
      trouble: undefined,
      caughtUpAt: now,
      lastAt: now,
      cycles: done.record.cycles + 1,
      waiting: waiting(),
      held: await heldNow(peer, done),
    };
    await files.write(kept);
    return { ...doneOf(done.report, keptNews(record, kept)), ...standing(kept) };
  } catch (error) {
    const trouble = troubleOf(error, record.trouble, { ...context, ...app.delta });
    if (trouble === undefined) throw error;
    const last = (await files.read()) ?? record;
    const kept = {
      ...last,
      trouble,
      failedCycles: last.failedCycles + 1,
      cycles: last.cycles + 1,
      waiting: waiting(),
    };
    await files.write(kept);
    const warnings = keptNews(record, kept);
    return { ...nothingDone, ...standing(kept), warnings, outcome: outcomeOf(trouble) };
  } finally {
    past.write();
    context.progress.end();
  }
}

function noteIn(
  past: DeltaBook,
  context: JobContext,
  { name, delta }: DeltaApp,
): NonNullable<CycleParts['onAnswer']> {
  const { runId }: { runId?: string } = context; // a service has none
  return ({ header: { epoch, batchNo }, sizeBytes }, outcome) =>
    past.note(
      batchRow(
        {
          ...{ at: context.clock.now(), direction: 'sent', subject: name, source: delta.source },
          ...{ epoch, batchNo, sizeBytes },
        },
        outcome,
        runId,
      ),
    );
}

/** Who sends: as the record says, or a new one, which is on the disk before anything of it is sent. */
async function beginSender(files: SenderFiles): Promise<SenderRecord> {
  const record = await files.read();
  if (record !== undefined) return record;
  const begun = files.begin();
  await files.write(begun);
  return begun;
}

/** Whether it is not yet time, by a clock that may have been put back, over the link that failed. */
function isResting({ notBefore, network, since }: SenderTrouble, now: Date): boolean {
  if (network !== networkMark() || now.getTime() < Date.parse(since)) return false;
  return now.getTime() < Date.parse(notBefore);
}

/** What of all that may be thrown is trouble with the other side; undefined for the rest. */
function troubleOf(
  error: unknown,
  before: SenderTrouble | undefined,
  { clock, everyMs }: Pick<JobContext & DeltaApp['delta'], 'clock' | 'everyMs'>,
): SenderTrouble | undefined {
  const kind = kindOf(error);
  if (kind === undefined) return undefined;
  const now = clock.now();
  const isSame = before?.kind === kind;
  const failures = isSame ? before.failures + 1 : 1;
  const rest = kind === 'unreachable' ? { everyMs } : {};
  const askedMs = error instanceof PeerTrouble ? error.retryAfterMs : undefined;
  const pause = pauseMs({ failures, random: Math.random(), askedMs, ...rest });
  return {
    kind,
    message: errorMessage(error),
    since: isSame ? before.since : now.toISOString(),
    failures,
    notBefore: new Date(now.getTime() + pause).toISOString(),
    network: networkMark(),
  };
}

function kindOf(error: unknown): SenderTrouble['kind'] | undefined {
  if (error instanceof PeerTrouble) return error.kind;
  if (error instanceof Forked) return 'fork';
  if (!(error instanceof ProtocolRefusal)) return undefined;
  return error.reason === 'fork' ? 'fork' : 'failed';
}

function outcomeOf(trouble: SenderTrouble | undefined): Pushed['outcome'] {
  return trouble !== undefined && needsPerson(trouble.kind) ? 'stopped' : 'waiting';
}

const nothingDone = {
  batches: 0,
  upserts: 0,
  deletes: 0,
  unchanged: 0,
  sentBytes: 0,
  held: {},
  warnings: [],
};

function doneOf(
  { batches, upserts, deletes, unchanged, bytes, held, warnings: found }: CycleReport,
  news: readonly string[],
) {
  const outcome = batches === 0 ? ('nothing' as const) : ('sent' as const);
  return {
    outcome,
    batches,
    upserts,
    deletes,
    unchanged,
    sentBytes: bytes,
    held,
    warnings: [...found, ...news],
  };
}

function standing({ refusedTables, caughtUpAt, trouble, waiting }: SenderRecord) {
  return { refusedTables, caughtUpAt, trouble, waiting };
}

/** More than this are not counted one by one. */
const heldMax = 1000;

/** What the receiver holds of ours, by reason; asked where there is or was any. */
async function heldNow(peer: Peer, { report, record }: { report: CycleReport; record: SenderRecord }) {
  const isAny = Object.keys(report.held).length > 0 || Object.keys(record.held).length > 0;
  if (!isAny) return {};
  const counts: Record<string, number> = {};
  for (const { reason } of await peer.held({ limit: heldMax })) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

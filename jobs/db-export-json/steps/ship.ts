// Shipping: the documents of an app, put in place at a reader on another machine, and seen there. A reader that is out of
// reach is no error: what waits for it waits, and after a while that is told.
import { OpsError } from '../../../lib/base/errors.ts';
import type { ErrorKind } from '../../../lib/base/exit-code.ts';
import type { ShipConfig } from '../../../lib/config/export-config.ts';
import {
  knownAfter,
  knownOf,
  type OfferedDocument,
  pendingOf,
  questionOf,
  type Question,
  verdictsOf,
} from '../../../lib/export/shipment.ts';
import type { ShipState } from '../../../lib/export/ship-state.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import type { RsyncFailure } from '../../../lib/process/rsync-failure.ts';
import { isGuess, type Rsync } from '../../../lib/process/rsync.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ExportedApp } from './export-apps.ts';
import { readShipState, writeShipState } from './export-notes.ts';
import { stageDocuments } from './stage-documents.ts';

/** What shipping came to. */
export interface Shipment {
  to: string;
  /** `shipped`: all is in place, and was seen there. `queued`: the reader is out of reach. `failed`: `error` says why. */
  state: 'shipped' | 'queued' | 'failed';
  /** Put in place by this run; in a dry run, what would be. */
  sent: string[];
  /** Not in place yet. */
  pending: string[];
  pendingSince: Date | undefined;
  /** They wait for longer than they may, or could not be looked at for so long. */
  overdue: boolean;
  /** Were in place before, and were gone or altered at the reader. */
  altered: string[];
  /** Frozen, and not what was shipped: the reader keeps what it has. */
  kept: string[];
  /** When all documents were last looked at there. */
  lookedAt: Date | undefined;
  /** Why the reader is out of reach. */
  reason: string | undefined;
  error: { kind: ErrorKind; message: string; hint: string | undefined } | undefined;
}

/** What is to be asked of the reader, with the documents for it in a directory of ours. */
export interface Prepared {
  ship: ShipConfig;
  scratch: HeldDirectory;
  known: ShipState;
  offered: readonly OfferedDocument[];
  question: Question;
  /** Of those that are asked about, the ones whose bytes are still the offered ones. */
  staged: readonly OfferedDocument[];
}

/** While nobody else writes the documents: copies those that the reader has to be asked about. */
export async function prepareShipment(
  context: JobContext,
  app: ExportedApp,
  {
    ship,
    scratch,
    offered,
    directory,
    full,
  }: {
    ship: ShipConfig;
    scratch: HeldDirectory;
    offered: readonly OfferedDocument[];
    directory: HeldDirectory;
    full: boolean;
  },
): Promise<Prepared> {
  const now = context.clock.now();
  const known = knownOf(ship.to, await readShipState(context, app.name), now);
  const question = questionOf(known, offered, { now, lookEveryMs: ship.lookEveryMs, full });
  const staged = await stageDocuments(context, directory, question.documents, scratch);
  return { ship, scratch, known, offered, question, staged };
}

/** Asks, sends, and looks again. What the reader refuses, or is wrong here, is in the result. */
export async function shipPrepared(
  context: JobContext,
  app: ExportedApp,
  prepared: Prepared,
  { dryRun }: { dryRun: boolean },
): Promise<Shipment> {
  const { ship, known, offered, question, staged } = prepared;
  const work = newWork();
  const afterwards = (lookedAt?: Date) =>
    knownAfter(known, offered, { ...work, lookedAt, now: context.clock.now() });
  if (question.documents.length > 0 || question.isFull || dryRun) {
    // Killed half-way, it is known since when they wait.
    if (!dryRun) await writeShipState(context, app.name, afterwards());
    context.noteLeft(`the documents of ${app.name} are written; the next run ships what the reader lacks`);
    await work.attempt(() => ask(context, app, prepared, work, dryRun));
  }
  const isAll = staged.length === question.documents.length && work.failure === undefined;
  const after = afterwards(question.isFull && isAll ? context.clock.now() : undefined);
  if (!dryRun) await writeShipState(context, app.name, after);
  return shipment(ship, work, after, context.clock.now());
}

function shipment(ship: ShipConfig, work: Work, after: ShipState, now: Date): Shipment {
  const { failure, sent, altered, kept } = work;
  const { names: pending, since } = pendingOf(after);
  const isOlder = (time: Date | undefined, ms: number) =>
    time !== undefined && now.getTime() - time.getTime() >= ms;
  const isUnseen = isOlder(after.lookedAt, ship.lookEveryMs + ship.queueAgeMaxMs);
  return {
    to: ship.to,
    state: stateOf(failure, pending),
    sent,
    pending,
    pendingSince: since,
    overdue: isOlder(since, ship.queueAgeMaxMs) || (failure?.isUnreachable === true && isUnseen),
    altered,
    kept,
    lookedAt: after.lookedAt,
    reason: failure?.isUnreachable === true ? failure.reason : undefined,
    error: failure?.isUnreachable === false ? errorData(failure.error) : undefined,
  };
}

function stateOf(failure: RsyncFailure | undefined, pending: readonly string[]): Shipment['state'] {
  if (failure === undefined) return pending.length === 0 ? 'shipped' : 'queued';
  return failure.isUnreachable ? 'queued' : 'failed';
}

function errorData({ kind, message, hint }: OpsError) {
  return { kind, message, hint };
}

interface Work {
  inPlace: Set<string>;
  sent: string[];
  altered: string[];
  kept: string[];
  failure: RsyncFailure | undefined;
  attempt(act: () => Promise<void>): Promise<void>;
}

function newWork(): Work {
  return {
    inPlace: new Set(),
    sent: [],
    altered: [],
    kept: [],
    failure: undefined,
    /** What cannot be done at all, such as a program that is missing, is a failure like those that the reader tells. */
    async attempt(act) {
      try {
        await act();
      } catch (error) {
        if (!(error instanceof OpsError) || error.kind === 'bug') throw error;
        this.failure = { isUnreachable: false, error, isGuess: false };
      }
    },
  };
}

async function ask(
  context: JobContext,
  app: ExportedApp,
  { ship, scratch, known, staged }: Prepared,
  work: Work,
  dryRun: boolean,
): Promise<void> {
  const rsync = await context.openRsync(scratch, ship);
  const names = staged.map(({ name }) => name);
  context.progress.start(`${app.name}: looking at ${ship.to}`, 0);
  const first = await rsync.look(names).finally(() => context.progress.end());
  for (const name of names) if (first.found.get(name) === 'same') work.inPlace.add(name);
  work.failure = first.failure;
  if (first.failure !== undefined && first.found.size === 0) return;
  const { send, altered, kept } = verdictsOf(known, staged, (name) => first.found.get(name) ?? 'other');
  Object.assign(work, { altered, kept });
  if (dryRun) {
    work.sent = send.map(({ name }) => name);
    for (const name of work.sent) work.inPlace.add(name); // as it would be
  } else if (send.length > 0)
    await sendAndLook(
      context,
      app,
      rsync,
      send.map(({ name }) => name),
      work,
    );
}

/** What is in place is seen there; how the transfer ended only says why something is not. */
async function sendAndLook(
  context: JobContext,
  app: ExportedApp,
  rsync: Rsync,
  names: readonly string[],
  work: Work,
): Promise<void> {
  context.progress.start(`${app.name}: sending`, names.length, 'steps');
  let done = 0;
  const sent = await rsync
    .send(names, () => context.progress.update((done += 1)))
    .finally(() => context.progress.end());
  work.failure = sent.failure ?? work.failure;
  if (sent.failure?.isUnreachable === true) return;
  const seen = await rsync.look(names);
  // The look says why where the transfer only guesses.
  if (isGuess(sent)) work.failure = seen.failure ?? work.failure;
  work.failure ??= seen.failure;
  work.sent = names.filter((name) => seen.found.get(name) === 'same');
  for (const name of work.sent) work.inPlace.add(name);
  const missing = names.filter((name) => !work.inPlace.has(name));
  if (missing.length === 0) work.failure = undefined;
  else work.failure ??= { isUnreachable: false, error: notInPlace(missing), isGuess: false };
}

function notInPlace(missing: readonly string[]): OpsError {
  return new OpsError(
    'io',
    `cannot ship ${missing.length === 1 ? '' : `${missing.length} documents, first `}${missing[0]}: the reader says that it took everything, and it is not in place there`,
    { hint: 'look at the reader: at what has the name there, and at who else writes in the directory' },
  );
}

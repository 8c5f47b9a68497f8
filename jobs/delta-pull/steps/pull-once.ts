// One look at the master: what changed since the cursor, or all of it where there is no cursor that it knows. What comes is
// downloaded first and taken in afterwards, in one transaction.
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../lib/base/clock.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import { type LegacyAnswer, legacyAnswer, parseLegacy } from '../../../lib/delta/legacy-rows.ts';
import type { NextState, PulledPiece, PulledReplica, PulledTotals } from '../../../lib/delta/pulled.ts';
import { linesType } from '../../../lib/delta/serving-lines.ts';
import { parseSince } from '../../../lib/delta/since.ts';
import type { Downloaded, SyncClient } from '../../../lib/http/sync-client.ts';
import { openAnswer } from './answer-file.ts';

export interface Pulling {
  readonly client: SyncClient;
  readonly replica: PulledReplica;
  /** A new file in scratch. */
  readonly file: (name: string) => string;
  readonly clock: Clock;
  /** How often all of it is taken where changes alone cannot tell everything. */
  readonly fullEveryMs: number;
  /** What is remembered from one look to the next. */
  readonly memory: PullMemory;
  /** With what is counted in this process. */
  readonly totals: (records: number) => PulledTotals;
}

interface PullMemory {
  /** The master was away, or its clock behind: what it wrote meanwhile may have any time, also one that was told before. */
  mayHaveMissed: boolean;
}

export interface Pulled {
  readonly kind: 'full' | 'changes' | 'nothing';
  /** Rows written or removed. */
  readonly records: number;
  /** Why it was a full one. */
  readonly reason?: string | undefined;
}

/** One page holds no more keys. */
const limit = 5000;
/** Who is further behind than this is quicker with all of it. */
const pagesMax = 400;
/** An answer of a master without exact rows is read whole. */
const legacyBytesMax = 128 * 1024 * 1024;

/**
 * Throws what the client throws, OpsError `unavailable` for what is no answer of a master; the replica is then as it was.
 * `resync` takes all of it, whatever is known.
 */
export async function pullOnce(pulling: Pulling, { resync }: { resync: boolean }): Promise<Pulled> {
  const state = pulling.replica.state();
  if (resync) return await fullSync(pulling, 'it was asked for');
  if (state.fullSyncAt === undefined) return await fullSync(pulling, 'it is the first');
  if (state.cursor === undefined) return await pullSince(pulling);
  return await pullAfter(pulling, state.cursor, state.schemaVersion);
}

async function pullAfter(
  pulling: Pulling,
  cursor: string,
  schemaVersion: string | undefined,
): Promise<Pulled> {
  const { client, replica, file } = pulling;
  const pages: Downloaded['body'][] = [];
  let at = cursor;
  let records = 0;
  let fullOnly: readonly string[] = [];
  for (let hasMore = true; hasMore;) {
    const name = file(`changes-${pages.length}`);
    const query = `cursor=${encodeURIComponent(at)}&limit=${limit}&exact=1`;
    // Of many pages that all wait for the last, only the first may be in memory.
    const memoryBytesMax = pages.length === 0 ? undefined : 0;
    const downloaded = await client.download(`/api/sync/changes?${query}`, name, memoryBytesMax);
    if (downloaded.type !== linesType) {
      const envelope = await readLegacy(downloaded);
      const isAnew = envelope['full_export_required'] === true;
      return await fullSync(
        pulling,
        isAnew ? 'the master cannot tell what changed since' : 'the master is another one',
      );
    }
    const { header, end } = await openAnswer(downloaded.body);
    if (header.schemaVersion !== schemaVersion || header.kind !== 'changes')
      return await fullSync(pulling, 'the tables of the master are others now');
    pages.push(downloaded.body);
    records += end.changes;
    ({ cursor: at, hasMore } = end);
    fullOnly = header.fullOnly;
    if (pages.length === pagesMax && hasMore) return await fullSync(pulling, 'too much has changed');
  }
  if (fullOnly.length > 0 && isFullDue(pulling))
    return await fullSync(pulling, 'it has tables whose changes cannot be told');
  if (records === 0 && at === cursor) return { kind: 'nothing', records };
  await replica.apply(piecesOf(pages), next(pulling, records, at, schemaVersion), now(pulling));
  return { kind: records === 0 ? 'nothing' : 'changes', records };
}

async function* piecesOf(pages: readonly Downloaded['body'][]): AsyncGenerator<PulledPiece> {
  for (const page of pages) yield (await openAnswer(page)).piece();
}

/** `isGuess`: nothing may be new, and then nothing is written. */
async function fullSync(pulling: Pulling, reason: string, isGuess = false): Promise<Pulled> {
  const { client, replica, file } = pulling;
  const name = file('all');
  const downloaded = await client.download('/api/sync/full-export?exact=1', name);
  if (downloaded.type !== linesType) return await fullLegacySync(pulling, downloaded, { reason, isGuess });
  const answer = await openAnswer(downloaded.body);
  if (answer.header.kind !== 'all') throw flaw('it is not all of its rows');
  const records = answer.end.changes;
  const state = next(pulling, records, answer.end.cursor, answer.header.schemaVersion);
  await replica.replace(answer.piece(), state, now(pulling));
  return { kind: 'full', records, reason };
}

/** A master without cursors: its tables are known by their rows alone. */
async function fullLegacySync(
  pulling: Pulling,
  downloaded: Downloaded,
  { reason, isGuess }: { reason: string; isGuess: boolean },
): Promise<Pulled> {
  const { replica, memory } = pulling;
  const envelope = await readLegacy(downloaded);
  const answer = legacyAnswer(envelope, undefined, flaw);
  if (answer === undefined) throw flaw('its rows are not of one kind');
  // A table without rows shows no columns: it stays as it was known, empty.
  const names = answer.tables.map((shape) => shape.name);
  const empty = replica.shapes().filter((shape) => !names.includes(shape.name));
  const tables = [...answer.tables, ...empty];
  const records = answer.changes.length;
  const remember = () => {
    memory.mayHaveMissed = isClockBehind(envelope['exported_at'], parseSince(replica.newestStamp() ?? ''));
  };
  if (isGuess && isAsIs(replica, answer)) {
    remember();
    return { kind: 'nothing', records: 0 };
  }
  const piece = { tables, changes: inOne(answer.changes) };
  await replica.replace(piece, next(pulling, records, undefined, undefined), now(pulling));
  remember();
  return { kind: 'full', records, reason };
}

/**
 * By the newest stamp that the master itself has given. It cuts off what is older where more has changed than its limit, and
 * tells no deletions, nor what a clock that is behind has stamped: all of it is taken then, and every so often.
 */
async function pullSince(pulling: Pulling): Promise<Pulled> {
  const { client, replica, file, memory } = pulling;
  if (isFullDue(pulling)) return await fullSync(pulling, 'the master tells no deletions');
  if (memory.mayHaveMissed) return await fullSync(pulling, 'what it wrote meanwhile may have any time', true);
  const since = parseSince(replica.newestStamp() ?? '');
  if (since === undefined) return await fullSync(pulling, 'no row has a time of its last change');
  const name = file('since');
  const query = `since=${encodeURIComponent(since.replace(' ', 'T'))}&limit=${limit}`;
  const envelope = await readLegacy(await client.download(`/api/sync/changes?${query}`, name));
  if (envelope['has_more'] !== undefined) return await fullSync(pulling, 'the master knows cursors now');
  if (isClockBehind(envelope['timestamp'], since))
    return await fullSync(pulling, 'the clock of the master is behind its newest row', true);
  const answer = legacyAnswer(envelope, replica.shapes(), flaw);
  if (answer === undefined) return await fullSync(pulling, 'the tables of the master are others now');
  if (answer.changes.length >= limit)
    return await fullSync(pulling, 'more has changed than the master tells');
  if (replica.holds(answer.tables, answer.changes)) return { kind: 'nothing', records: 0 };
  const records = answer.changes.length;
  async function* only(): AsyncGenerator<PulledPiece> {
    if (answer !== undefined) yield { tables: answer.tables, changes: inOne(answer.changes) };
  }
  await replica.apply(only(), next(pulling, records, undefined, undefined), now(pulling));
  return { kind: 'changes', records };
}

function isAsIs(replica: PulledReplica, { tables, changes }: LegacyAnswer): boolean {
  const count = Object.values(replica.rows()).reduce((sum, rows) => sum + rows, 0);
  return count === changes.length && replica.holds(tables, changes);
}

/** By the time that it says itself: what it writes now has stamps that are not asked for. */
function isClockBehind(time: unknown, newestStamp: string | undefined): boolean {
  const saysNow = typeof time === 'string' ? parseSince(time) : undefined;
  return saysNow !== undefined && newestStamp !== undefined && saysNow < newestStamp;
}

function isFullDue({ replica, clock, fullEveryMs }: Pulling): boolean {
  const { fullSyncAt } = replica.state();
  const ageMs = clock.now().getTime() - Date.parse(fullSyncAt ?? '');
  return !(Math.abs(ageMs) < fullEveryMs); // a clock that was set makes it due
}

function next(
  { totals }: Pulling,
  records: number,
  cursor: string | undefined,
  schemaVersion: string | undefined,
): NextState {
  return { cursor, schemaVersion, totals: totals(records) };
}

async function readLegacy({ body, sizeBytes }: Downloaded): Promise<Record<string, unknown>> {
  if (sizeBytes > legacyBytesMax)
    throw flaw('it is larger than what can be read of a master without exact rows');
  return parseLegacy(Buffer.isBuffer(body) ? body.toString('utf8') : await readFile(body.path, 'utf8'), flaw);
}

async function* inOne<T>(all: readonly T[]): AsyncGenerator<readonly T[]> {
  yield all;
}

function now({ clock }: Pulling): string {
  return clock.now().toISOString();
}

function flaw(cause: string): OpsError {
  return new OpsError('unavailable', `cannot use what the master sent: ${cause}`);
}

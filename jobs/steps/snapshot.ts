// A snapshot of an app's database, proven before anything is done with it.
import { OpsError } from '../../lib/base/errors.ts';
import { formatBytes, formatDuration } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import { requireSpace } from '../../lib/files/space.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { type Measured, measureDatabase } from '../../lib/sqlite/measure.ts';
import { type SnapshotReport, takeSnapshot } from '../../lib/sqlite/snapshot.ts';
import { requireSource, type Source } from '../../lib/sqlite/source.ts';

/** A consistent copy in scratch, its hashes, and what SQLite says of it. */
export interface ProvenSnapshot {
  source: Source;
  /** The instant before the copy began; the database's state is of then or a moment later. */
  takenAt: Date;
  digest: FileDigest;
  measured: Measured;
  report: SnapshotReport & { durationMs: number };
}

/** Room for side files, manifests and directories beside the copies themselves. */
const marginBytes = 16 * 1024 * 1024;

const beatMs = 1000;

/** Bytes that `copies` copies of the database will take at most, its log included. */
export function spaceNeeded(source: Source, copies: number): number {
  return copies * (source.sizeBytes + (source.walBytes ?? 0)) + marginBytes;
}

/** Snapshots, then hashes and checks the copy at the same time. Throws OpsError; the caller removes the scratch. */
export async function proveSnapshot(
  context: JobContext,
  app: GuardedApp,
  scratch: Scratch,
  copies: number,
): Promise<ProvenSnapshot> {
  const { clock, log, progress, signal } = context;
  const source = await requireSource(app.database);
  await requireSpace({
    directory: scratch.path,
    neededBytes: spaceNeeded(source, copies),
    purpose: `back up ${app.name}`,
  });
  const takenAt = clock.now();
  const started = clock.monotonicMs();
  const path = scratch.file('snapshot.db');
  progress.start(`${app.name}: copying`, source.sizeBytes);
  const report = await takeSnapshot(source, path, {
    now: takenAt,
    signal,
    onProgress: (done) => progress.update(done),
  });
  const durationMs = clock.monotonicMs() - started;
  progress.end();
  log.debug('snapshot taken', { app: app.name, method: report.method, ms: Math.round(durationMs) });
  warnAboutWaits(context, app, report);
  const proof = await proveFile(context, app, path, `the copy of ${app.database}`).catch((error: unknown) => {
    throw withWayBack(app, error);
  });
  requireSound(app, proof.measured);
  return { source, takenAt, ...proof, report: { ...report, durationMs } };
}

/**
 * Hashes and measures a file of ours, both at once: the check keeps one core busy, the hash another, and then helps to
 * check. Messages call the file `called`.
 */
export async function proveFile(
  { progress, signal }: JobContext,
  app: GuardedApp,
  path: string,
  called: string,
): Promise<{ digest: FileDigest; measured: Measured }> {
  progress.start(`${app.name}: checking`, 0);
  // SQLite's check is one long call that says nothing on its way; at least the seconds are shown.
  const beat = setInterval(() => progress.update(0), beatMs);
  // Whichever fails first ends the other; neither may go on reading a file that is about to be removed.
  const either = new AbortController();
  const both = AbortSignal.any([signal, either.signal]);
  try {
    const hashed = digestFile(path, { signal: both });
    const [digest, measured] = await Promise.all([
      hashed,
      measureDatabase(path, { signal: both, called, busyUntil: hashed }),
    ]);
    return { digest, measured };
  } finally {
    clearInterval(beat);
    either.abort(new Error('the other half of the proof failed'));
    progress.end();
  }
}

function requireSound(app: GuardedApp, { integrity }: Measured): void {
  if (integrity.problems.length === 0) return;
  const [first, ...others] = integrity.problems;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw new OpsError('damaged', `cannot back up ${app.database}: the database is damaged: ${first}${more}`, {
    hint: wayBack(app),
  });
}

function wayBack(app: GuardedApp): string {
  return `the backups made before are untouched: restore list --app ${app.name}`;
}

function withWayBack(app: GuardedApp, error: unknown): unknown {
  if (!(error instanceof OpsError) || error.kind !== 'damaged') return error;
  return new OpsError('damaged', error.message, { hint: wayBack(app), cause: error });
}

function warnAboutWaits({ log }: JobContext, app: GuardedApp, report: SnapshotReport): void {
  if (report.writersHeldMs < 1000) return;
  log.warn(`${app.name}: writers had to wait ${formatDuration(report.writersHeldMs)} for the copy`, {
    method: report.method,
    hint: 'journal_mode=WAL in the app would avoid it',
  });
}

/** `1.4 GB in 12 s (pinned)`, for the log. */
export function snapshotSummary({ digest, report }: ProvenSnapshot): string {
  return `${formatBytes(digest.sizeBytes)} in ${formatDuration(report.durationMs)} (${report.method})`;
}

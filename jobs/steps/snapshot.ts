// A snapshot of an app's database, proven before anything is done with it.
import { OpsError } from '../../lib/base/errors.ts';
import { firstOf } from '../../lib/base/finding.ts';
import { formatBytes, formatDuration } from '../../lib/base/format.ts';
import { databaseOf, type GuardedApp } from '../../lib/config/config.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { readWhole } from '../../lib/files/hash-file.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import { firstTen } from '../../lib/source/facts.ts';
import { requireSpace } from '../../lib/files/space.ts';
import { createPageDigester, type PageDigests } from '../../lib/repository/pages/page-digests.ts';
import type { JobContext } from '../../lib/run/context.ts';
import {
  type CopyReport,
  damageIn,
  type Measurement,
  type Source,
  type SourceLook,
} from '../../lib/source/source.ts';

/** A consistent copy in scratch, its hashes, and what its engine says of it. */
export interface ProvenSnapshot {
  look: SourceLook;
  /** The instant before the copy began; the database's state is of then or a moment later. */
  takenAt: Date;
  digest: FileDigest;
  measured: Measurement;
  /** What its pages are, where that was asked for. */
  pages: PageDigests | undefined;
  report: Omit<CopyReport, 'disagreements'> & { durationMs: number };
}

/** Room for side files, manifests and directories beside the copies themselves. */
const marginBytes = 16 * 1024 * 1024;

/** Bytes that `copies` copies of the database will take at most. */
export function spaceNeeded({ copyBytesMax }: SourceLook, copies: number): number {
  return copies * copyBytesMax + marginBytes;
}

/** Looks at the database as a backup does first. Throws what the source throws; where it is gone, with the way back. */
export async function lookAtSource(context: JobContext, app: GuardedApp): Promise<SourceLook> {
  return context
    .source(app)
    .look()
    .catch((error: unknown) => {
      throw withRestore(app, error);
    });
}

/**
 * Snapshots, then hashes and checks the copy at the same time. `takenAt` is now, under whatever name the caller gave it;
 * `copies` is how many the machine has to have room for. With `pages` its pages are looked at as well while it is hashed. Throws
 * OpsError; the caller removes the scratch.
 */
export async function proveSnapshot(
  context: JobContext,
  app: GuardedApp,
  scratch: Scratch,
  { copies, takenAt, pages = false }: { copies: number; takenAt: Date; pages?: boolean },
): Promise<ProvenSnapshot> {
  const source = context.source(app);
  const look = await lookAtSource(context, app);
  await requireSpace({
    directory: scratch.path,
    neededBytes: spaceNeeded(look, copies),
    purpose: `back up ${app.name}`,
  });
  const path = scratch.file('snapshot.db');
  const { disagreements, durationMs, ...report } = await copyDatabase(context, app, look, path);
  const proof = await proveCopy(context, app, source, { path, pages }).catch((error: unknown) => {
    throw withWayBack(app, error);
  });
  requireSound(app, proof.measured);
  const measured = withFindings(proof.measured, disagreements?.(proof.measured.facts) ?? []);
  const { digest, pages: digests } = proof;
  return { look, takenAt, digest, measured, pages: digests, report: { ...report, durationMs } };
}

/** Copies what was looked at to `path`, as it is at one instant; see `Source.copy`. Nothing is proven of it yet. */
export async function copyDatabase(
  context: JobContext,
  app: GuardedApp,
  look: SourceLook,
  path: string,
): Promise<CopyReport & { durationMs: number }> {
  const { clock, log, progress, signal } = context;
  const source = context.source(app);
  const started = clock.monotonicMs();
  progress.start(`${app.name}: copying`, look.sizeBytes);
  const report = await source.copy(look, path, {
    now: clock.now(),
    wait: (ms) => context.wait(ms, signal),
    signal,
    onProgress: (done) => progress.update(done),
  });
  const durationMs = clock.monotonicMs() - started;
  progress.end();
  log.debug('snapshot taken', { app: app.name, method: report.method, ms: Math.round(durationMs) });
  warnAboutWaits(context, app, source, report);
  return { ...report, durationMs };
}

/** What the copy has not, or has otherwise than the source in that very instant, is kept and told like all that is at odds. */
function withFindings(measured: Measurement, disagreements: readonly string[]): Measurement {
  if (disagreements.length === 0) return measured;
  const { integrity, facts } = measured;
  const also = firstTen(disagreements);
  const findings = [...(integrity.findings ?? []), ...also];
  return { facts, integrity: { ...integrity, problems: [...integrity.problems, ...also], findings } };
}

/**
 * Hashes and measures the copy, both at once: the check keeps one core busy, the hash another, which then helps to check.
 */
async function proveCopy(
  { progress, signal }: JobContext,
  app: GuardedApp,
  source: Source,
  { path, pages }: { path: string; pages: boolean },
): Promise<Pick<ProvenSnapshot, 'digest' | 'measured' | 'pages'>> {
  progress.start(`${app.name}: checking`, 0);
  // Whichever fails first ends the other; neither may go on reading a file that is about to be removed.
  const either = new AbortController();
  const both = AbortSignal.any([signal, either.signal]);
  const called = `the copy of ${databaseOf(app)}`;
  try {
    const pageDigester = pages ? createPageDigester() : undefined;
    const hashed = readWhole(path, { signal: both }, async (block) => pageDigester?.update(block));
    const [digest, measured] = await Promise.all([
      hashed,
      source.measure(path, { signal: both, called, busyUntil: hashed, onBeat: () => progress.update(0) }),
    ]);
    return { digest, measured, pages: pageDigester?.finish() };
  } finally {
    either.abort(new Error('the other half of the proof failed'));
    progress.end();
  }
}

function requireSound(app: GuardedApp, { integrity }: Measurement): void {
  const damage = damageIn(integrity);
  if (damage.length === 0) return;
  const problem = firstOf(damage, 'it cannot be read');
  throw new OpsError('damaged', `cannot back up ${databaseOf(app)}: the database is damaged: ${problem}`, {
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

/** A database that is gone may be just what is to be restored. */
function withRestore(app: GuardedApp, error: unknown): unknown {
  if (!(error instanceof OpsError) || error.kind !== 'missing') return error;
  const { kind, message, hint = 'look for it' } = error;
  const restore = `if it is gone: restore plan latest --app ${app.name}`;
  return new OpsError(kind, message, { hint: `${restore}; else ${hint}`, cause: error });
}

function warnAboutWaits(
  { log }: JobContext,
  app: GuardedApp,
  { gentlerHint: hint }: Source,
  report: CopyReport,
): void {
  if (report.writersHeldMs < 1000) return;
  log.warn(`${app.name}: writers had to wait ${formatDuration(report.writersHeldMs)} for the copy`, {
    method: report.method,
    hint,
  });
}

/** `1.4 GB in 12 s (pinned)`, for the log. */
export function snapshotSummary({ digest, report }: ProvenSnapshot): string {
  return `${formatBytes(digest.sizeBytes)} in ${formatDuration(report.durationMs)} (${report.method})`;
}

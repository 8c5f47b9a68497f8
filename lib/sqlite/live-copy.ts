// Copying a live database, in the gentlest way that is sure to finish (S1).
//
// Between unpinned steps a write by another process makes SQLite's backup begin again, so beside a busy writer it
// never ends (measured: 792 restarts in 40 s at 20 transactions a second). A read transaction held open on the
// source connection pins one state: no restarts at any write rate. In WAL mode that holds nobody up. With a rollback
// journal it blocks every commit, so there short unpinned steps are tried first, a bounded number of times.
import { rm, truncate } from 'node:fs/promises';
import { startWriteBack, type WriteBack } from '../files/write-back.ts';
import { requireEveryPage } from './every-page.ts';
import { openSource } from './live-reader.ts';
import { type Database, schemaTroubleOf } from './open.ts';
import { copyPages, Spoiled } from './page-copy.ts';
import type { Report, SnapshotReport, SnapshotWork } from './snapshot-work.ts';

/** Large steps are fast; a pinned copy needs no small ones, for it holds nobody up between them. */
const pinnedStepBytes = 16 * 1024 * 1024;
/** An fsync of the app waits for what we have left unwritten on the same disk: never more than 64 MB. */
const pinnedSyncSteps = 4;
/** Writers wait for one step at most: a fraction of a second, also on an SD card. */
const stepwiseStepBytes = 4 * 1024 * 1024;
/** Steps that a writer may spoil before the copy is pinned. One that a lock spoiled has waited for it already. */
const spoiledStepsMax = 3;

/** Copies a database that others may be writing. */
export async function copyLive(work: SnapshotWork, report: Report): Promise<SnapshotReport> {
  const database = openSource(work);
  try {
    // Without its schema SQLite cannot say how many pages there are before they are copied.
    if (isWal(database, work) || schemaTroubleOf(database) !== undefined)
      return await copyPinned(database, work, report, 0);
    const stepwise = await copyStepwise(database, work, report);
    if (stepwise.report !== undefined) return stepwise.report;
    await emptyTarget(work.target);
    return await copyPinned(database, work, report, stepwise.spoiledSteps);
  } finally {
    database.close();
  }
}

function isWal(database: Database, { wal }: SnapshotWork): boolean {
  if (schemaTroubleOf(database) !== undefined) return wal; // to ask for the mode takes the schema
  return database.pragma('journal_mode', { simple: true }) === 'wal';
}

async function copyPinned(
  database: Database,
  work: SnapshotWork,
  report: Report,
  restarts: number,
): Promise<SnapshotReport> {
  const log = isWal(database, work) ? startLogWriteBack(work.source) : undefined;
  const options = {
    stepBytes: pinnedStepBytes,
    syncEverySteps: pinnedSyncSteps,
    spoiledStepsMax: 0,
    afterStep: () => log?.beginIfIdle(),
  };
  try {
    return await withinRead(database, async () => {
      const since = performance.now();
      const isKnown = schemaTroubleOf(database) === undefined;
      if (isKnown) requireEveryPage(database, work.source);
      const { pageCount, walPeakBytes } = await copyPages(database, work, options, report);
      if (!isKnown) requireEveryPage(database, work.source, work.source, pageCount);
      const writersHeldMs = isWal(database, work) ? 0 : performance.now() - since;
      return { method: 'pinned', restarts, writersHeldMs, walPeakBytes, pageCount };
    });
  } finally {
    await log?.end();
  }
}

/**
 * Brings the app's log to the disk while our read transaction lets it grow. Its next checkpoint has to, before it may
 * begin, while the commit that it belongs to waits. (No lock is lost with the file: SQLite keeps none on the log.)
 * Undefined where the log cannot be opened: it only helps. See docs/decisions/log-write-back.md.
 */
function startLogWriteBack(source: string): WriteBack | undefined {
  try {
    return startWriteBack(`${source}-wal`);
  } catch {
    return undefined; // gone, or not ours to read: then SQLite has a word to say about it as well
  }
}

async function copyStepwise(
  database: Database,
  work: SnapshotWork,
  report: Report,
): Promise<{ report: SnapshotReport } | { report: undefined; spoiledSteps: number }> {
  await withinRead(database, async () => requireEveryPage(database, work.source));
  const options = { stepBytes: stepwiseStepBytes, syncEverySteps: 1, spoiledStepsMax };
  try {
    const copy = await copyPages(database, work, options, report);
    const { pageCount, walPeakBytes, spoiledSteps: restarts, longestStepMs: writersHeldMs } = copy;
    return { report: { method: 'stepwise', restarts, writersHeldMs, walPeakBytes, pageCount } };
  } catch (error) {
    if (!(error instanceof Spoiled)) throw error;
    return { report: undefined, spoiledSteps: error.spoiledSteps };
  }
}

/** Runs `work` while this connection sees one state of the database. */
async function withinRead<T>(database: Database, work: () => Promise<T>): Promise<T> {
  database.exec('BEGIN');
  try {
    database.pragma('user_version'); // a transaction begins with its first read
    return await work();
  } finally {
    // Some errors end the transaction by themselves; to fail here as well would hide them.
    if (database.inTransaction) database.exec('ROLLBACK');
  }
}

/** Makes a target that an attempt has left unfinished into an empty file again, with the mode it was made with. */
export async function emptyTarget(target: string): Promise<void> {
  await truncate(target);
  for (const suffix of ['-journal', '-wal', '-shm']) await rm(target + suffix, { force: true });
}

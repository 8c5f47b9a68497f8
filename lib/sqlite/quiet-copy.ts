// Copying a WAL database that nobody has open. SQLite would have to make its -shm to read it, and an app that runs as
// another user may then be unable to write (S2). Read as immutable there are no locks and no side files; that it
// stayed as it was is proven afterwards. See docs/decisions/quiet-copy.md.
import { statSync } from 'node:fs';
import { requireEveryPage } from './every-page.ts';
import { openImmutable, schemaTroubleOf } from './open.ts';
import { copyPages } from './page-copy.ts';
import type { Report, SnapshotReport, SnapshotStart, SnapshotWork } from './snapshot-work.ts';

/** Large steps are fast, and nobody waits for one. */
const stepBytes = 16 * 1024 * 1024;
/** The disk writes beside the copying: 1.4 s instead of 1.7 s for 1 GB, which SQLite would else sync at the end at once. */
const syncEverySteps = 8;

/** A change this recent may share its timestamp with the next one, so "unchanged" could not be told. */
const settledMs = 2000;

/** Whether it still is what it was when it was found quiet. */
export function isQuiet({ quiet, source }: SnapshotStart): boolean {
  return quiet !== undefined && quietMark(source) === quiet;
}

/** Copies a database that is still quiet. Returns undefined where it was not, or is no longer: `target` is worthless. */
export async function copyQuiet(work: SnapshotWork, report: Report): Promise<SnapshotReport | undefined> {
  const stillQuiet = () => isQuiet(work);
  if (!stillQuiet()) return undefined;
  try {
    const { pageCount, walPeakBytes } = await copyImmutable(work, report);
    if (!stillQuiet()) return undefined;
    return { method: 'quiet', restarts: 0, writersHeldMs: 0, walPeakBytes, pageCount };
  } catch (error) {
    // A writer that woke up makes an immutable read fail in any way; only a file that is still quiet is really damaged.
    if (stillQuiet()) throw error;
    return undefined;
  }
}

async function copyImmutable(work: SnapshotWork, report: Report) {
  const database = openImmutable(work.source, work);
  try {
    const isKnown = schemaTroubleOf(database) === undefined;
    if (isKnown) requireEveryPage(database, work.source);
    const copy = await copyPages(database, work, { stepBytes, syncEverySteps, spoiledStepsMax: 0 }, report);
    if (!isKnown) requireEveryPage(database, work.source, work.source, copy.pageCount);
    return copy;
  } finally {
    database.close();
  }
}

/**
 * The mark of a database that is quiet, and so old (after at most `settledMs` of waiting) that any later change has
 * another timestamp. Undefined when it is not quiet.
 */
export async function settledMark(
  path: string,
  now: Date,
  wait: (ms: number) => Promise<void>,
): Promise<string | undefined> {
  const mark = quietMark(path);
  const waitMs = Math.min(settledMs, statSync(path).ctimeMs + settledMs - now.getTime());
  if (mark === undefined || waitMs <= 0) return mark;
  await wait(waitMs);
  return quietMark(path) === mark ? mark : undefined;
}

/**
 * Two equal marks, the first of them settled, mean that nobody wrote in between: a writer makes a -wal, or changes the
 * file. Undefined when the database is not quiet: a log or a hot journal lies beside it.
 */
function quietMark(path: string): string | undefined {
  if (statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined) return undefined;
  // An empty journal holds nothing: journal_mode=TRUNCATE leaves one, also to a database that then changes to WAL.
  if ((statSync(`${path}-journal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return undefined;
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

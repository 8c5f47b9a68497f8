// Work on the database of one app, in the order that makes it safe: look, room, a proven backup, and only then the work.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OpsError } from '../../../lib/base/errors.ts';
import { formatBytes, formatDuration } from '../../../lib/base/format.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { MaintainConfig } from '../../../lib/config/maintain-config.ts';
import { requireSpace } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { AppFinding } from '../../steps/each-app.ts';
import { backUpApp, ownFormat } from '../../steps/back-up-app.ts';
import { nothingAccepted } from '../../steps/judge.ts';
import { lookAtSource, proveSnapshot } from '../../steps/snapshot.ts';

/** One kind of work. */
export type Work = 'vacuum' | 'optimize' | 'integrity';

/** An app whose owner allows it. */
export interface MaintainedApp extends FileApp {
  readonly maintain: MaintainConfig;
}

/** What was done, or why not. */
export interface Done {
  work: Work;
  outcome: 'done' | 'not-due' | 'not-worth-it';
  /** In a sentence. */
  detail: string;
  /** The proven backup that was made before; undefined where nothing was written. */
  backup: string | undefined;
  sizeBefore: number | undefined;
  sizeAfter: number | undefined;
  durationMs: number | undefined;
}

/** Temporary files of SQLite lie there, unless the environment says otherwise. */
const temporaryDirectory = '/var/tmp';

/** Called under the app's lock. Throws OpsError where it could not be done; nothing of the database is changed then. */
export async function doWork(
  context: JobContext,
  app: MaintainedApp,
  work: Work,
  backUpFirst: () => Promise<string>,
): Promise<Done> {
  const startedMs = context.clock.monotonicMs();
  if (work === 'integrity') return checkCopy(context, app, startedMs);
  const { path, copyBytesMax } = await lookAtSource(context, app);
  const sizeBefore = (await stat(path)).size;
  if (work === 'vacuum') await requireRoom(app, path, copyBytesMax);
  const backup = await backUpFirst();
  context.signal.throwIfAborted();
  const { before, after, isShrunk } = await context.maintain(app, work);
  const sizeAfter = (await stat(path)).size;
  const durationMs = Math.round(context.clock.monotonicMs() - startedMs);
  const gained = before.pageSize * before.pageCount - after.pageSize * after.pageCount;
  const later = isShrunk ? '' : '; the file becomes smaller when the app lets its log go';
  const detail =
    work === 'vacuum'
      ? `${formatBytes(Math.max(0, gained))} of ${formatBytes(before.pageSize * before.pageCount)} gained in ${formatDuration(durationMs)}${later}`
      : `the statistics of its tables are up to date, in ${formatDuration(durationMs)}`;
  return { work, outcome: 'done', detail, backup, sizeBefore, sizeAfter, durationMs };
}

/** The copy that a backup would be made of, checked in full: the app is not held up by that. */
async function checkCopy(context: JobContext, app: MaintainedApp, startedMs: number): Promise<Done> {
  const scratch = await context.scratch();
  try {
    const { look } = await proveSnapshot(context, app, scratch, { copies: 1, takenAt: context.clock.now() });
    const durationMs = Math.round(context.clock.monotonicMs() - startedMs);
    return {
      ...{ work: 'integrity', outcome: 'done', backup: undefined, durationMs },
      ...{ sizeBefore: look.sizeBytes, sizeAfter: look.sizeBytes },
      detail: `every page and every index is sound, in ${formatDuration(durationMs)}`,
    };
  } finally {
    await scratch.remove();
  }
}

/** As large as it is once more beside it, for the journal, and once for temporary files. */
export async function requireRoom(app: FileApp, path: string, sizeBytes: number): Promise<void> {
  const purpose = `vacuum ${app.name}`;
  const beside = dirname(path);
  const isOneDisk = (await stat(beside)).dev === (await stat(temporaryDirectory)).dev;
  await requireSpace({ directory: beside, neededBytes: sizeBytes * (isOneDisk ? 2 : 1), purpose });
  if (!isOneDisk) await requireSpace({ directory: temporaryDirectory, neededBytes: sizeBytes, purpose });
}

/** Throws OpsError `refused` where that is suspect: who wants it so says it with db-backup first. */
export async function provenBackup(context: JobContext, app: MaintainedApp): Promise<string> {
  const store = await context.openStore();
  const order = {
    label: undefined,
    acceptance: nothingAccepted,
    refreshLatest: false,
    formats: [ownFormat(app)],
    storesUnchanged: true,
  };
  const { backup, suspect, decision } = await backUpApp(context, store, app, order);
  if (suspect.length === 0) return backup;
  throw new OpsError(
    'refused',
    `cannot work on ${app.database}: its backup is suspect, and nothing is written while it is: ${suspect.join('; ')}`,
    { hint: `if that is meant to be so: ${decision?.acceptWith ?? `db-backup run --app ${app.name}`}` },
  );
}

/** Whether a vacuum is worth it: what share of the file holds nothing. */
export async function freePercent(context: JobContext, app: FileApp): Promise<number> {
  const { freePages, pages } = await context.freePages(app);
  return pages === 0 ? 0 : (100 * freePages) / pages;
}

/** What cannot be done is bad news of that work alone; the others are tried. */
export function failed(work: Work, error: unknown): AppFinding {
  if (!(error instanceof OpsError)) throw error;
  const { kind, message, hint } = error;
  return {
    severity: kind === 'damaged' ? 'critical' : 'warning',
    message: `${work}: ${message}`,
    hint,
    kind,
  };
}

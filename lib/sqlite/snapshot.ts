// A consistent copy of a live database: equal to it at one committed instant, whatever writes beside it (S1, S2).
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemError } from '../base/errors.ts';
import { fullDiskDetails } from '../files/space.ts';
import type { BeginOptions, CopyOptions } from '../source/source.ts';
import { journalModeOf, setJournalMode } from './journal-mode.ts';
import { settledMark } from './quiet-copy.ts';
import type { SnapshotReport, SnapshotStart } from './snapshot-work.ts';
import type { SqliteLook } from './look.ts';
import { runWorker } from './work.ts';

export type { SnapshotReport } from './snapshot-work.ts';

/**
 * Copies `source` to `target` (which must not exist) through SQLite's backup API in a worker thread. The source is
 * opened read-only and never checkpointed. The copy is in journal mode `delete`, and so opens without a file beside it. On failure `target` may be left behind: it lies in the caller's scratch.
 *
 * Throws OpsError `damaged`, `denied`, `unavailable`, `missing`, `refused` or `io`; rejects with the signal's reason on abort.
 */
export async function takeSnapshot(
  source: SqliteLook,
  target: string,
  options: CopyOptions,
): Promise<SnapshotReport> {
  await createPrivate(target);
  const report = await work<SnapshotReport>(source, target, options);
  // In WAL mode nobody could open it where no -shm can be made: on a read-only file system, in another user's directory.
  if ((await journalModeOf(target)) === 'wal') await setJournalMode(target, 'delete');
  return report;
}

/** Opens `source` and reads once, as `takeSnapshot` does first of all. Throws what that would throw. */
export async function beginSnapshot(source: SqliteLook, options: BeginOptions): Promise<void> {
  await work(source, undefined, options);
}

async function work<Result>(
  source: SqliteLook,
  target: string | undefined,
  options: BeginOptions,
): Promise<Result> {
  const { path, file, pageSize, wal } = source;
  const input: SnapshotStart & { target: string | undefined } = {
    source: path,
    file,
    target,
    pageSize,
    wal,
    quiet: await quiet(source, options),
    makeNothing: options.makeNothing ?? false,
  };
  return runWorker<Result>('./snapshot-worker.ts', input, {
    signal: options.signal,
    onProgress: options.onProgress,
    waitForEnd: true,
  });
}

/** SQLite would create the copy readable by everybody; a backup is for its owner and group. */
async function createPrivate(target: string): Promise<void> {
  try {
    await (await open(target, 'wx', 0o640)).close();
  } catch (error) {
    throw systemError(`create the snapshot ${target}`, error, fullDiskDetails(error, dirname(target)));
  }
}

/** As `settledMark`, in words of ours. */
async function quiet(
  { path, wal, walBytes }: SqliteLook,
  { now, signal, wait }: CopyOptions,
): Promise<string | undefined> {
  if (!wal || walBytes !== undefined) return undefined;
  try {
    const byTimer = (ms: number) => delay(ms, undefined, signal === undefined ? {} : { signal });
    return await settledMark(path, now, wait ?? byTimer);
  } catch (error) {
    signal?.throwIfAborted(); // the wait ends with an AbortError of its own, not with the signal's reason
    throw systemError(`snapshot ${path}`, error);
  }
}

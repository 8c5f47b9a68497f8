// The loop around SQLite's backup API: copies page by page into an empty file, and sees when a step was for nothing.
import { startWriteBack } from '../files/write-back.ts';
import { watchAppRoom } from './app-room.ts';
import type { Database } from './open.ts';
import type { Report, SnapshotWork } from './snapshot-work.ts';

export interface PageCopyOptions {
  /** How much one step copies; the source is locked for one step at a time, unless a transaction holds it anyway. */
  stepBytes: number;
  /**
   * After how many steps the pages go to the disk; unless given, only at the end. SQLite syncs the whole copy within
   * the last step: where that step alone locks the source, little must be left to sync by then.
   */
  syncEverySteps?: number;
  /** How many steps may be spoiled before the copy is given up with `Spoiled`. */
  spoiledStepsMax: number;
  /** Called after each step, and once before the first. */
  afterStep?: () => void;
}

export interface PageCopy {
  pageCount: number;
  /** Steps that a write or a lock of another process spoiled. */
  spoiledSteps: number;
  longestStepMs: number;
  walPeakBytes: number;
}

/** The source changed under the copy, or stayed locked, more often than allowed. The target is unfinished. */
export class Spoiled extends Error {
  readonly spoiledSteps: number;

  constructor(spoiledSteps: number) {
    super(`the source changed or was locked in ${spoiledSteps} steps of the copy`);
    this.name = 'Spoiled';
    this.spoiledSteps = spoiledSteps;
  }
}

/** Copies every page of `database` to `work.target`. Throws Spoiled, OpsError `io`, or SQLite's own errors. */
export async function copyPages(
  database: Database,
  work: SnapshotWork,
  options: PageCopyOptions,
  report: Report,
): Promise<PageCopy> {
  const step = Math.max(1, Math.floor(options.stepBytes / work.pageSize));
  const watch = watchSteps(work.source, step, options.spoiledStepsMax);
  let steps = 0;
  const writeBack = startWriteBack(work.target);
  try {
    const { totalPages } = await database.backup(work.target, {
      progress(counts) {
        // SQLite counts pages in an int: more than 2^31 of them come out negative.
        const [total, remaining] = [counts.totalPages >>> 0, counts.remainingPages >>> 0];
        watch.stepDone(total, remaining);
        steps += 1;
        if (options.syncEverySteps !== undefined && steps % options.syncEverySteps === 0) writeBack.begin();
        options.afterStep?.();
        report((total - remaining) * work.pageSize, total * work.pageSize);
        watch.stepBegins();
        return step;
      },
    });
    const copy = watch.end(totalPages >>> 0);
    report(copy.pageCount * work.pageSize, copy.pageCount * work.pageSize);
    return copy;
  } finally {
    await writeBack.end();
  }
}

function watchSteps(source: string, step: number, spoiledStepsMax: number) {
  const room = watchAppRoom(source);
  const copy: PageCopy = { pageCount: 0, spoiledSteps: 0, longestStepMs: 0, walPeakBytes: 0 };
  let before: { total: number; remaining: number } | undefined;
  let began = performance.now();
  const spoil = () => {
    copy.spoiledSteps += 1;
    if (copy.spoiledSteps > spoiledStepsMax) throw new Spoiled(copy.spoiledSteps);
  };
  const measureStep = () => {
    copy.longestStepMs = Math.max(copy.longestStepMs, performance.now() - began);
    copy.walPeakBytes = Math.max(copy.walPeakBytes, room.requireRoom());
  };
  return {
    stepBegins: () => void (began = performance.now()),
    /**
     * A step that did its work leaves `step` pages fewer of as many. Anything else: a write made SQLite begin again
     * (which can leave as many pages as before, so a comparison of those is not enough), or a lock let it copy none.
     */
    stepDone(total: number, remaining: number): void {
      measureStep();
      const whole = before === undefined || (total === before.total && remaining === before.remaining - step);
      before = { total, remaining };
      if (!whole) spoil();
    },
    end(total: number): PageCopy {
      measureStep();
      // Where the very first lock is refused, better-sqlite3 takes "0 pages remain" for the end of the work.
      if (total === 0) throw new Spoiled(copy.spoiledSteps + 1);
      // The last step is whole in any case. That it began again shows where it found another number of pages.
      if (before !== undefined && total !== before.total) copy.spoiledSteps += 1;
      return { ...copy, pageCount: total };
    },
  };
}

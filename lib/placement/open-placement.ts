// A placement that is made and not over: its database is in place, and the intent says so. Whoever opened it keeps it or
// undoes it, once. Whatever comes in between, a throw or a kill, leaves the intent, and the next command settles it as
// one whose new database is in place.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Intent } from './intent.ts';
import { endPlacement, readIntent } from './intent-file.ts';
import { inKnownPaths } from '../files/held-directory.ts';
import type { SetPlace } from './database-set.ts';
import type { UsableUndoSet } from './undo-list.ts';
import { markUndoUsed } from './undo-set.ts';

/** What was done with the database that was in place. */
export interface Placement {
  /** The undo set; undefined when nothing was in place. */
  undo: string | undefined;
  /** `damaged`: it could not be made into one file; the undo set holds its files as they were. */
  previous: 'whole' | 'damaged' | 'none';
  /** What the old database had besides owner, group and mode and the new one could not be given, in a few words each. */
  notCarried: readonly string[];
}

/**
 * Ends by `keep` or by `undo`, whichever is called first, also when that fails: the next command settles what is left.
 * A second call is a bug, and throws before it touches anything. Disposing of one that was not ended warns, and
 * touches nothing.
 */
export interface OpenPlacement extends Disposable {
  readonly placement: Placement;
  /** The new database stays: notes that the undo set it came from was used, removes the staging directory, then the intent. */
  keep(): Promise<void>;
  /**
   * What was replaced comes back: `putBack` is given the undo set's path, places it like any other, and keeps that
   * placement, whose intent takes the place of this one. Returns what `putBack` does; throws what it throws, and when it
   * returns though a placement is still open. Undefined when nothing was in place that could come back.
   */
  readonly undo: (<Result>(putBack: (undo: string) => Promise<Result>) => Promise<Result>) | undefined;
}

/** The placement at `at` that `intent` stands for, which is written, and whose database is in place. */
export function openPlacement(
  at: SetPlace,
  intent: Intent,
  placement: Placement,
  { clock, log, undoSet }: { clock: Clock; log: Log; undoSet: UsableUndoSet | undefined },
): OpenPlacement {
  const { target, backup } = intent;
  const { undo } = placement;
  const what = `the placement of ${backup} at ${target}`;
  let end: 'keep' | 'undo' | undefined;
  const endBy = (wanted: 'keep' | 'undo') => {
    if (end !== undefined) throw new Error(`cannot ${wanted} ${what}: it was ended by ${end} already`);
    end = wanted;
  };
  return {
    placement,
    async keep() {
      endBy('keep');
      await inKnownPaths(async () => {
        const written = await readIntent(at);
        if (written !== undefined && written.staging !== intent.staging)
          throw new Error(`cannot keep ${what}: that of ${written.backup} was made over it`);
        if (undoSet !== undefined) await markUndoUsed(at, undoSet.name, undoSet.record, clock.now());
        await endPlacement(at, intent);
      });
    },
    undo:
      undo === undefined
        ? undefined
        : async (putBack) => {
            endBy('undo');
            const result = await putBack(undo);
            const written = await readIntent(at);
            if (written === undefined) return result;
            throw new Error(`cannot undo ${what}: that of ${written.backup} is still open`);
          },
    [Symbol.dispose]() {
      if (end !== undefined) return;
      const next = 'restore run or restore undo settles that first';
      log.warn(`the new database is in place, but its placement was not ended; ${next}`, {
        path: target,
        backup,
      });
    },
  };
}

// Scratch of a run, and what killed runs left: wherever a command works, the next one that changes something sweeps.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { HeldDirectory } from '../files/held-directory.ts';
import { createDirectories } from '../files/make-directories.ts';
import { type LeftElsewhere, noteLeftElsewhere, readLeftElsewhere } from '../files/scratch-left.ts';
import { makeScratch, type Scratch, sweepScratch } from '../files/scratch.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import type { Store } from '../store/store.ts';

/** What the scratch of a run needs of the process. */
export interface ScratchSurroundings {
  config: Config;
  clock: Clock;
  log: Log;
  openStore(): Promise<Store>;
}

export interface RunScratch {
  /** A private directory in `parent`, the state directory unless given, after a sweep. */
  make(parent?: string): Promise<Scratch>;
  /** Removes what dead runs left in the state directory, the store, and where they noted it. */
  sweep(): Promise<void>;
  /** Remembers what this run puts elsewhere until it is disposed of; the next run removes it if this one is killed. */
  note(left: LeftElsewhere): Promise<AsyncDisposable>;
}

/** What may be removed from the store on the word of a note. */
const trialPattern = /^holdfast-test-[0-9a-f]{32}\.tmp$/;

/** The name of the object that a run tries the store with. */
export function trialName(runId: string): string {
  return `holdfast-test-${runId}.tmp`;
}

export function runScratch({ config, clock, log, openStore }: ScratchSurroundings): RunScratch {
  const own = join(config.stateDirectory, 'scratch');
  const onLeft = async (left: HeldDirectory) => {
    const { scratchIn, object } = await readLeftElsewhere(left);
    if (scratchIn !== undefined) await sweepQuietly(scratchIn);
    if (object !== undefined && trialPattern.test(object)) await (await openStore()).remove(object);
  };
  const sweepQuietly = async (directory: string, options = {}) => {
    await sweepScratch(directory, { clock, log, ...options }).catch((error: unknown) => {
      log.debug('cannot look for what killed runs left', { directory, reason: errorMessage(error) });
    });
  };
  const sweep = async () => {
    await sweepQuietly(own, { onLeft });
    if (config.store.kind === 'directory') await sweepQuietly(config.store.path);
  };
  const makeOwn = () =>
    inStateDirectory(`make scratch in ${own}`, async () => {
      await createDirectories(own);
      return makeScratch(own, { clock });
    });
  return {
    sweep,
    async make(parent) {
      await sweep();
      if (parent === undefined) return makeOwn();
      await sweepQuietly(parent); // what killed runs without a state directory could not note
      return makeScratch(parent, { clock });
    },
    async note(left) {
      await sweep();
      try {
        return await noted(await makeOwn(), left);
      } catch (error) {
        if (!(error instanceof OpsError)) throw error;
        // A person who may read the store may have no state directory to write; the work does not need it.
        log.debug('killed, this run would leave something behind', { reason: error.message });
        return { [Symbol.asyncDispose]: async () => undefined };
      }
    },
  };
}

async function noted(scratch: Scratch, left: LeftElsewhere): Promise<Scratch> {
  try {
    await inStateDirectory(`write a note in ${scratch.directory.path}`, () =>
      noteLeftElsewhere(scratch, left),
    );
    return scratch;
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

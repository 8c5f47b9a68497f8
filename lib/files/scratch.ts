// A private directory for the unfinished files of one run. It is removed at the end of the run, and what a killed run
// left is removed by the next one (invariant S4).
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { giveToOwnerOf } from './belong.ts';
import { ifThere } from './if-there.ts';
import { currentProcess } from './process-identity.ts';
import { removeLeftover, removeScratch } from './scratch-leftover.ts';
import { formatScratchOwner, isScratchName, ownerFileName, scratchName } from './scratch-owner.ts';
import { fullDiskDetails } from './space.ts';

const attemptsMax = 10;

export interface Scratch extends AsyncDisposable {
  readonly path: string;
  /** The path of a file inside. `name` is one path segment. */
  file(name: string): string;
  /** Removes the directory and everything in it; again is fine. `await using` does it too, but never throws. */
  remove(): Promise<void>;
}

/** Who makes scratch, and when. */
export interface ScratchOwner {
  clock: Clock;
  /** This process unless said otherwise. */
  process?: ProcessIdentity;
}

/** Makes a scratch directory in `parent`, which must exist: on the file system where its files will be published. */
export async function makeScratch(
  parent: string,
  { clock, process: owner = currentProcess() }: ScratchOwner,
): Promise<Scratch> {
  const path = join(parent, scratchName(owner, randomBytes(8).toString('hex')));
  try {
    await makeOwned(path, owner, clock);
  } catch (error) {
    await removeScratch(path).catch(() => undefined);
    throw systemError(`create a scratch directory in ${parent}`, error, fullDiskDetails(error, parent));
  }
  return {
    path,
    file: (name) => join(path, name),
    async remove() {
      await removeScratch(path).catch((error: unknown) => {
        throw systemError(`remove the scratch directory ${path}`, error);
      });
    },
    async [Symbol.asyncDispose]() {
      // How the work went is the news. What cannot be removed now is left for the next run's sweep.
      await removeScratch(path).catch(() => undefined);
    },
  };
}

async function makeOwned(path: string, owner: ProcessIdentity, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(path, { mode: 0o700 });
    try {
      const text = formatScratchOwner(owner, clock.now());
      // Flushed: after a power cut an empty owner file would keep a large leftover for a week.
      await writeFile(join(path, ownerFileName), text, { flag: 'wx', flush: true });
      // Who sweeps here may be the directory's owner, and this process may be killed.
      return await giveToOwnerOf(dirname(path), path);
    } catch (error) {
      // Between the two steps a sweep took the empty directory for a leftover.
      if (errorCode(error) !== 'ENOENT' || attempt === attemptsMax) throw error;
    }
  }
}

/**
 * Removes the scratch directories in `parent` whose runs are dead, and returns their paths. Scratch whose owner runs,
 * this process included, stays. So does, for 7 days, scratch whose owner cannot be judged from here (another host,
 * another container, a cut-off owner file), unless it is empty. Nothing whose name is not exactly that of scratch is
 * touched, symbolic links are not followed, and a `parent` that is not there holds nothing.
 */
export async function sweepScratch(
  parent: string,
  { clock, log }: { clock: Clock; log: Log },
): Promise<string[]> {
  const removed: string[] = [];
  const here = currentProcess();
  for (const name of await scratchNames(parent)) {
    const path = join(parent, name);
    try {
      if (!(await removeLeftover(path, here, clock))) continue;
      removed.push(path);
      log.info('removed what a run left that is gone', { path });
    } catch (error) {
      // It costs space and nothing else; the work that asked for the sweep can go on.
      log.warn('cannot sweep a scratch directory', { path, cause: errorMessage(error) });
    }
  }
  return removed;
}

async function scratchNames(parent: string): Promise<string[]> {
  try {
    const entries = (await ifThere(readdir(parent, { withFileTypes: true }))) ?? [];
    return entries.filter((entry) => isScratchName(entry.name)).map((entry) => entry.name);
  } catch (error) {
    throw systemError(`list ${parent}`, error);
  }
}

// A private directory for the unfinished files of one run. It is removed at the end of the run, and what a killed run
// left is removed by the next one (invariant S4).
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorCode, errorMessage, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ProcessIdentity } from '../record/process-identity.ts';
import { type HeldDirectory, holdDirectory } from './held-directory.ts';
import { ifThere } from './if-there.ts';
import { locateDirectory } from './locate-file.ts';
import { currentProcess } from './process-identity.ts';
import { removeLeftover, removeScratch } from './scratch-leftover.ts';
import { formatScratchOwner, isScratchName, ownerFileName, scratchName } from './scratch-owner.ts';
import { fullDiskDetails } from './space.ts';

const attemptsMax = 10;

export interface Scratch extends AsyncDisposable {
  readonly path: string;
  readonly directory: HeldDirectory;
  /** The path of a file inside, for other programs too. `name` is one path segment. */
  file(name: string): string;
  /** The same file by the directory that is held, whatever becomes of the path. For this process alone. */
  at(name: string): string;
  /** Removes the directory and everything in it; again is fine. `await using` does it too, but never throws. */
  remove(): Promise<void>;
}

/** Who makes scratch, and when. */
export interface ScratchOwner {
  clock: Clock;
  /** This process unless said otherwise. */
  process?: ProcessIdentity;
}

/**
 * Makes a scratch directory in `parent`, which must exist: on the file system where its files will be published. It is
 * this user's alone, also where root makes it in a directory of somebody else: who could remove what is in it could
 * put something else there.
 */
export async function makeScratch(
  parent: string | HeldDirectory,
  { clock, process: owner = currentProcess() }: ScratchOwner,
): Promise<Scratch> {
  const name = scratchName(owner, randomBytes(8).toString('hex'));
  const called = typeof parent === 'string' ? parent : parent.path;
  let held: [HeldDirectory, HeldDirectory] | undefined;
  try {
    const above = await holdParent(parent);
    held = [above, above];
    held = [above, await makeOwned(above, name, owner, clock)];
  } catch (error) {
    if (held !== undefined) await removeScratch(held[0], name).catch(() => undefined);
    held?.[0][Symbol.dispose]();
    throw systemError(`create a scratch directory in ${called}`, error, fullDiskDetails(error, called));
  }
  return scratchIn(...held, name);
}

function scratchIn(parent: HeldDirectory, directory: HeldDirectory, name: string): Scratch {
  const { path } = directory;
  const remove = async () => {
    await removeScratch(parent, name);
    // Paths through them lead nowhere now.
    directory[Symbol.dispose]();
    parent[Symbol.dispose]();
  };
  let removed: Promise<void> | undefined;
  return {
    path,
    directory,
    file: (inside) => join(path, inside),
    at: (inside) => directory.at(inside),
    async remove() {
      removed ??= remove();
      await removed.catch((error: unknown) => {
        removed = undefined;
        throw systemError(`remove the scratch directory ${path}`, error);
      });
    },
    async [Symbol.asyncDispose]() {
      // How the work went is the news. What cannot be removed now is left for the next run's sweep.
      await (removed ??= remove()).catch(() => undefined);
    },
  };
}

function holdParent(parent: string | HeldDirectory): Promise<HeldDirectory> {
  return typeof parent === 'string' ? locateDirectory(parent) : holdDirectory(parent.at('.'), parent.path);
}

async function makeOwned(
  parent: HeldDirectory,
  name: string,
  owner: ProcessIdentity,
  clock: Clock,
): Promise<HeldDirectory> {
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(parent.at(name), { mode: 0o700 });
    try {
      const directory = await parent.hold(name);
      const text = formatScratchOwner(owner, clock.now());
      // Flushed: after a power cut an empty owner file would keep a large leftover for a week.
      await writeFile(directory.at(ownerFileName), text, { flag: 'wx', flush: true }).catch(
        (error: unknown) => {
          directory[Symbol.dispose]();
          throw error;
        },
      );
      return directory;
    } catch (error) {
      // Between the two steps a sweep took the empty directory for a leftover.
      if (errorCode(error) !== 'ENOENT' || attempt === attemptsMax) throw error;
    }
  }
}

export interface SweepOptions {
  clock: Clock;
  log: Log;
  /** Told of each leftover before it is removed; where it throws, the leftover stays for the next sweep. */
  onLeft?: (left: HeldDirectory) => Promise<void>;
}

/**
 * Removes the scratch directories in `parent` whose runs are dead, and returns their paths. Scratch whose owner runs,
 * this process included, stays. So does, for 7 days, scratch whose owner cannot be judged from here (another host,
 * another container, a cut-off owner file), unless it is empty. Nothing whose name is not exactly that of scratch is
 * touched, symbolic links are not followed, and a `parent` that is not there holds nothing.
 */
export async function sweepScratch(
  parent: string | HeldDirectory,
  { clock, log, onLeft = async () => undefined }: SweepOptions,
): Promise<string[]> {
  const removed: string[] = [];
  const here = currentProcess();
  const called = typeof parent === 'string' ? parent : parent.path;
  try {
    using directory = await ifThere(holdParent(parent));
    if (directory === undefined) return [];
    for (const name of (await directory.names()).filter(isScratchName)) {
      const path = join(called, name);
      try {
        if (!(await removeLeftover(directory, name, { here, clock, onLeft }))) continue;
        removed.push(path);
        log.info('removed what a run left that is gone', { path });
      } catch (error) {
        // It costs space and nothing else; the work that asked for the sweep can go on.
        const cause = errorMessage(systemError(`remove ${path}`, error));
        log.warn('cannot sweep a scratch directory', { path, cause });
      }
    }
  } catch (error) {
    throw systemError(`list ${called}`, error);
  }
  return removed;
}

// How every store writes an object to a file: into scratch beside it first, and under its name when it is whole.
import { basename, dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { FileDigest } from '../files/digest.ts';
import { type HeldDirectory, inKnownPaths } from '../files/held-directory.ts';
import { identityAfterMove } from '../files/identity.ts';
import { locateDirectory } from '../files/locate-file.ts';
import { publishFile, requireNothingAt } from '../files/publish-file.ts';
import { makeScratch, sweepScratch } from '../files/scratch.ts';
import { requireSpace } from '../files/space.ts';

export interface GetOrder {
  /** A file that must not exist. */
  target: string;
  sizeBytes: number;
  clock: Clock;
  log: Log;
  signal: AbortSignal | undefined;
}

/**
 * Gives `target` the bytes that `fetch` writes into the temporary file it is given, and returns their digest; see
 * `Store.get`. Throws OpsError `refused` for a target that exists and `io` where there is no room, both before `fetch`.
 */
export async function getWhole(
  { target, sizeBytes, clock, log, signal }: GetOrder,
  fetch: (temporary: string) => Promise<FileDigest>,
): Promise<FileDigest> {
  using directory = await locateTarget(target);
  return await inKnownPaths(async () => {
    const published = directory.at(basename(target));
    await requireNothingAt(published);
    await requireSpace({ directory: directory.path, neededBytes: sizeBytes, purpose: `write ${target}` });
    await sweepScratch(directory, { clock, log });
    await using scratch = await makeScratch(directory, { clock });
    return await inKnownPaths(async () => {
      const digest = await fetch(scratch.at('object'));
      signal?.throwIfAborted();
      await publishFile(digest.path, published, { replace: false });
      return { ...digest, path: target, identity: await identityAfterMove(digest.identity, published) };
    });
  });
}

/** The directory that the target will be in. */
async function locateTarget(target: string): Promise<HeldDirectory> {
  try {
    return await locateDirectory(dirname(target));
  } catch (error) {
    throw systemError(`write ${target}`, error);
  }
}

// A large file that is written where nothing can be waited for, such as within a transaction, and stands under its name once it
// is whole and on the device.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fchown, ftruncateSync, openSync, writeSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { systemError } from '../base/errors.ts';
import { giveToOwnerOf } from './belong.ts';
import { sweepTemporaries, temporaryIn } from './durable.ts';
import { type HeldDirectory, inKnownPaths } from './held-directory.ts';
import { locateDirectory } from './locate-file.ts';
import { publishFile, removeQuietly } from './publish-file.ts';
import { fullDiskDetails } from './space.ts';

/** Disposing of one that was not published leaves nothing of it. Throws OpsError where it cannot be written. */
export interface DraftFile extends AsyncDisposable {
  /** What was written so far. */
  readonly sizeBytes: number;
  /** Forgets what was written so far. Nothing is made before this was called once. */
  begin(): void;
  write(bytes: Uint8Array): void;
  /** Gives it its name, in the place of what had it, and returns the SHA-256 of what was written. */
  publish(): Promise<string>;
}

/** A draft of `path`, whose directory is there and nobody else's meanwhile: what killed writers left in it is removed. */
export async function openDraft(path: string, { mode }: { mode: number }): Promise<DraftFile> {
  const act = `write ${path}`;
  const failed = (error: unknown) => systemError(act, error, fullDiskDetails(error, dirname(path)));
  try {
    await sweepTemporaries(dirname(resolve(path)), undefined);
    return draftIn(await locateDirectory(dirname(resolve(path))), basename(path), { mode, failed });
  } catch (error) {
    throw failed(error);
  }
}

function draftIn(
  directory: HeldDirectory,
  name: string,
  { mode, failed }: { mode: number; failed: (error: unknown) => unknown },
): DraftFile {
  const temporary = temporaryIn(directory);
  let descriptor: number | undefined;
  let hash: Hash = createHash('sha256');
  let sizeBytes = 0;
  const orFailed = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw failed(error);
    }
  };
  const close = () => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    begin() {
      orFailed(() => {
        if (descriptor === undefined) descriptor = openSync(temporary, 'wx', mode);
        else ftruncateSync(descriptor);
      });
      hash = createHash('sha256');
      sizeBytes = 0;
    },
    write(bytes) {
      orFailed(() => {
        for (let at = 0; at < bytes.length;)
          at += writeSync(descriptor ?? -1, bytes, at, bytes.length - at, sizeBytes + at);
      });
      hash.update(bytes);
      sizeBytes += bytes.length;
    },
    async publish() {
      const made = descriptor ?? -1;
      try {
        await inKnownPaths(async () => {
          await giveToOwnerOf(directory, { chown: (uid, gid) => promisify(fchown)(made, uid, gid) });
          close();
          await publishFile(temporary, directory.at(name), { replace: true });
        });
      } catch (error) {
        throw failed(error);
      }
      return hash.digest('hex');
    },
    async [Symbol.asyncDispose]() {
      close();
      await removeQuietly(temporary);
      directory[Symbol.dispose]();
    },
  };
}

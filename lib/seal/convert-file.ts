// One file made of another, in one pass and in bounded memory: what is written is hashed, and on the device at the end.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemError } from '../base/errors.ts';
import { createDigester } from '../files/digester.ts';
import type { FileDigest } from '../files/digest.ts';
import { readThrough } from '../files/hash-file.ts';
import { fileIdentity } from '../files/identity.ts';
import { removeQuietly } from '../files/publish-file.ts';
import { fullDiskDetails } from '../files/space.ts';
import { syncDirectory } from '../files/sync.ts';
import { writeAll } from '../files/write-all.ts';
import type { SealOptions } from './seal.ts';

/** What is made of the bytes: of each block, which is valid until that is done, and at the end. */
export interface BlockConversion {
  push(block: Uint8Array): Uint8Array | Promise<Uint8Array>;
  end(): Uint8Array | Promise<Uint8Array>;
}

/** `target` must not exist (OpsError `refused`); on any failure, also an abort, it is removed. A source that changes is OpsError `damaged`. */
export async function convertFile(
  from: string,
  target: string,
  { push, end }: BlockConversion,
  { signal, onProgress }: SealOptions,
): Promise<FileDigest> {
  signal?.throwIfAborted();
  await using file = await attemptWrite(target, () => open(target, 'wx', 0o600));
  try {
    const digester = createDigester();
    let at = 0;
    const write = async (bytes: Uint8Array) => {
      const written = attemptWrite(target, () => writeAll(file, bytes, at));
      digester.update(bytes); // while they are on their way
      await written;
      at += bytes.length;
    };
    await readThrough(from, { signal, onProgress }, async (block) => write(await push(block)));
    await write(await end());
    await attemptWrite(target, () => file.sync());
    await syncDirectory(dirname(target));
    return { path: target, ...digester.finish(), identity: await fileIdentity(file) };
  } catch (error) {
    await removeQuietly(target);
    throw error;
  }
}

async function attemptWrite<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw systemError(`write ${path}`, error, fullDiskDetails(error, dirname(path)));
  }
}

// Copying a file with proof: the bytes written are the bytes hashed, and they are on the device at the end.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemError } from '../base/errors.ts';
import type { FileDigest } from './digest.ts';
import { readWhole, requireSameBytes } from './hash-file.ts';
import type { ReadOptions } from './hash-file.ts';
import { fileIdentity } from './identity.ts';
import { removeQuietly } from './publish-file.ts';
import { fullDiskDetails } from './space.ts';
import { syncDirectory } from './sync.ts';
import { writeAll } from './write-all.ts';

export interface CopyOptions extends ReadOptions {
  /** What the bytes have to be; anything else is OpsError `damaged`. */
  expected?: Pick<FileDigest, 'sizeBytes' | 'sha256'> | undefined;
  /** The new file's mode, less what the umask takes away. Private by default. */
  mode?: number;
}

/**
 * Copies `from` to `to`, which must not exist (OpsError `refused`), and returns the digest of the bytes that were
 * written. When it returns they are on the device; on any failure, also an abort, `to` is removed. A source that
 * changes meanwhile is OpsError `damaged`. The bytes are always read, never shared with the source: a copy on the
 * same blocks would be damaged together with it.
 */
export async function copyFileDurably(
  from: string,
  to: string,
  { expected, mode = 0o600, ...options }: CopyOptions = {},
): Promise<FileDigest> {
  options.signal?.throwIfAborted();
  const target = await attemptWrite(to, () => open(to, 'wx', mode));
  try {
    await using file = target;
    let at = 0;
    const source = await readWhole(from, options, async (block) => {
      await attemptWrite(to, () => writeAll(file, block, at));
      at += block.length;
    });
    if (expected !== undefined) requireSameBytes(from, source, expected);
    await attemptWrite(to, () => file.sync());
    await syncDirectory(dirname(to));
    return { ...source, path: to, identity: await fileIdentity(file) };
  } catch (error) {
    await removeQuietly(to);
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

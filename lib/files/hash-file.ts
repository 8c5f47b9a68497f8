// Hashing a file in one sequential read, with proof that it did not change meanwhile.
import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { OpsError, systemError } from '../base/errors.ts';
import type { FileDigest, FileIdentity } from './digest.ts';
import { createDigester } from './digester.ts';
import { fileIdentity, sameBytes, sameIdentity } from './identity.ts';
import { readBlocks } from './read-blocks.ts';

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((doneBytes: number) => void) | undefined;
  /** Whether a symbolic link at the end of the path is followed, as it is unless said otherwise. */
  follow?: boolean;
  /** Looks at the file that was opened, before it is read, and throws where it is not to be. */
  check?: ((status: BigIntStats) => Promise<void>) | undefined;
}

/**
 * Hashes a file. The digest is of one state of the file: if it changed while it was read, that is OpsError
 * `damaged`. Memory is the same for any size. Only regular files; symbolic links are followed.
 */
export async function digestFile(path: string, options: ReadOptions = {}): Promise<FileDigest> {
  return readWhole(path, options, async () => undefined);
}

/**
 * Like `digestFile`, and gives every block to `take` while it is hashed. A block is valid until `take` is done.
 * What `take` throws comes out unchanged.
 */
export async function readWhole(
  path: string,
  options: ReadOptions,
  take: (block: Uint8Array) => Promise<void>,
): Promise<FileDigest> {
  const digester = createDigester();
  const identity = await readThrough(path, options, async (block) => {
    const taken = take(block);
    digester.update(block); // while the block is on its way to wherever it goes
    await taken;
  });
  return { path, ...digester.finish(), identity };
}

/** The same without a hash: all of one state of the file. Returns which that was. */
export async function readThrough(
  path: string,
  { signal, onProgress, follow = true, check }: ReadOptions,
  take: (block: Uint8Array) => Promise<void>,
): Promise<FileIdentity> {
  signal?.throwIfAborted();
  await using file = await openRegularFile(path, { follow, check });
  const before = await fileIdentity(file);
  let doneBytes = 0;
  for await (const block of blocksOf(file, path, before)) {
    await take(block);
    doneBytes += block.length;
    onProgress?.(doneBytes);
    signal?.throwIfAborted();
    if (doneBytes > before.sizeBytes) throw changedWhileRead(path); // else a growing file is read for ever
  }
  const identity = await fileIdentity(file);
  if (!sameBytes(before, identity) || BigInt(doneBytes) !== before.sizeBytes) throw changedWhileRead(path);
  return identity;
}

/**
 * Makes sure that a file still holds the bytes that were hashed: at once when its identity is the same, otherwise by
 * reading it again. Returns its digest with the identity it has now. Throws OpsError `damaged` when it changed.
 */
export async function requireUnchanged(file: FileDigest, options: ReadOptions = {}): Promise<FileDigest> {
  if (sameIdentity(file.identity, await fileIdentity(file.path))) return file;
  const now = await digestFile(file.path, options);
  requireSameBytes(file.path, now, file);
  return now;
}

/** Throws OpsError `damaged` unless the size and the SHA-256 are the expected ones. */
export function requireSameBytes(
  path: string,
  found: Pick<FileDigest, 'sizeBytes' | 'sha256'>,
  expected: Pick<FileDigest, 'sizeBytes' | 'sha256'>,
): void {
  if (found.sizeBytes !== expected.sizeBytes) {
    throw new OpsError(
      'damaged',
      `cannot use ${path}: it has ${found.sizeBytes} bytes, ${expected.sizeBytes} were expected`,
    );
  }
  if (found.sha256 !== expected.sha256) {
    throw new OpsError(
      'damaged',
      `cannot use ${path}: its SHA-256 is ${found.sha256}, ${expected.sha256} was expected`,
    );
  }
}

/** Opens a regular file for reading, and waits for no pipe. */
export async function openRegularFile(
  path: string,
  { follow = true, check }: Pick<ReadOptions, 'follow' | 'check'> = {},
): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for somebody to write into it.
    const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
    file = await open(path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));
    const stats = await file.stat({ bigint: true });
    if (!stats.isFile()) throw new OpsError('missing', `cannot read ${path}: it is not a regular file`);
    await check?.(stats);
    return file;
  } catch (error) {
    await file?.close();
    throw systemError(`read ${path}`, error);
  }
}

async function* blocksOf(file: FileHandle, path: string, identity: FileIdentity): AsyncGenerator<Uint8Array> {
  const blocks = readBlocks(file, identity.sizeBytes);
  try {
    yield* blocks;
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

function changedWhileRead(path: string): OpsError {
  return new OpsError('damaged', `cannot read ${path}: it changed while it was read`, {
    hint: 'hash a copy or a snapshot, not a file that is in use',
  });
}

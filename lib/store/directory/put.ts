// Bringing bytes into a directory store: moved when they are known, otherwise copied and proven before they get a name.
import { lstat } from 'node:fs/promises';
import { systemError } from '../../base/errors.ts';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { CopyOptions } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { type HeldDirectory, inKnownPaths } from '../../files/held-directory.ts';
import { identityOf, sameIdentity } from '../../files/identity.ts';
import { removeQuietly } from '../../files/publish-file.ts';
import { makeScratch, sweepScratch } from '../../files/scratch.ts';
import { requireSpace } from '../../files/space.ts';
import { quoteName } from '../name.ts';
import { nameTaken } from '../refusals.ts';
import type { CopyOptions as StoreCopyOptions, PutOptions, Stored, StoreName } from '../store.ts';
import type { DirectoryAccess } from './access.ts';
import { systemCode } from './failure.ts';
import { findObject, requireObject } from './objects.ts';
import { publishObject } from './publish.ts';
import { inDirectoryOf } from './walk.ts';

/** Gives the bytes of `file` the name `name`; see `Store.put`. */
export async function putObject(
  access: DirectoryAccess,
  name: StoreName,
  file: FileDigest,
  options: PutOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  await requireFreeName(access.root, name, options.replace);
  await sweepScratch(access.root, access);
  const moved = options.consume === true ? await moveIn(access, name, file, options) : undefined;
  if (moved !== undefined) return moved;
  const copied = await copyIn(access, file.path, name, file.sizeBytes, { ...options, expected: file });
  if (options.consume === true) await removeQuietly(file.path);
  return copied;
}

/** Gives the bytes of one object a second name, as bytes of their own; see `Store.copy`. */
export async function copyObject(
  access: DirectoryAccess,
  from: StoreName,
  to: StoreName,
  options: StoreCopyOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  const { sizeBytes } = await requireObject(access.root, from);
  await requireFreeName(access.root, to);
  await sweepScratch(access.root, access);
  return inDirectoryOf(access.root, from, (directory, last) =>
    copyIn(access, directory.at(last), to, sizeBytes, { ...options, follow: false }),
  );
}

/** Refuses a taken name before anything is copied. What decides is the publishing at the end. */
async function requireFreeName(root: HeldDirectory, name: StoreName, replace = false): Promise<void> {
  const found = await findObject(root, name);
  if (found.is === 'blocked') throw nameTaken(name, { why: found.by });
  if (found.is === 'object' && !replace) throw nameTaken(name, { why: 'it exists already' });
}

/** Moves a file whose bytes are still those that were hashed. Undefined when it must be copied instead. */
async function moveIn(
  access: DirectoryAccess,
  name: StoreName,
  file: FileDigest,
  { replace = false, onProgress }: PutOptions,
): Promise<Stored | undefined> {
  if (!(await isMovable(access.root, file))) return undefined;
  try {
    const stored = await publishObject(access, name, file.path, replace);
    onProgress?.(stored.sizeBytes);
    return stored;
  } catch (error) {
    if (systemCode(error) === 'EXDEV') return undefined; // one device mounted twice
    throw error;
  }
}

/** With a second name, or as a symbolic link, the bytes could still be changed from outside the store. */
async function isMovable(root: HeldDirectory, file: FileDigest): Promise<boolean> {
  try {
    const stats = await lstat(file.path, { bigint: true });
    if (!stats.isFile() || stats.nlink !== 1n) return false;
    return sameIdentity(identityOf(stats), file.identity) && stats.dev === (await root.status()).dev;
  } catch (error) {
    throw systemError(`read ${file.path}`, error);
  }
}

async function copyIn(
  access: DirectoryAccess,
  from: string,
  name: StoreName,
  neededBytes: number,
  { replace = false, ...options }: CopyOptions & { replace?: boolean },
): Promise<Stored> {
  const purpose = `store ${quoteName(name)}`;
  await requireSpace({ directory: access.root.path, neededBytes, purpose });
  await using scratch = await makeScratch(access.root, access);
  return await inKnownPaths(async () => {
    const temporary = scratch.at('object');
    await copyFileDurably(from, temporary, options);
    options.signal?.throwIfAborted();
    return await publishObject(access, name, temporary, replace);
  });
}

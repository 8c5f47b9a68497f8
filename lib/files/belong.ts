// Whose a new file is. Root may run a command by hand beside jobs that run as a user of their own; what it makes in
// their directories they must be able to read, replace and remove.
import { type FileHandle, chown } from 'node:fs/promises';
import type { HeldDirectory } from './held-directory.ts';

/**
 * Gives a file that this process has just made to the owner and group of the directory that it is in, where this process
 * is root and that owner is not. Elsewhere nothing is changed. By its descriptor: its name may stand for another file by
 * now.
 */
export async function giveToOwnerOf(
  directory: HeldDirectory,
  made: Pick<FileHandle, 'chown'>,
): Promise<void> {
  const owner = await ownerBesideRoot(directory);
  // A file system without owners may refuse; then its mount options decide.
  if (owner !== undefined) await made.chown(...owner).catch(() => undefined);
}

/** The same of a directory. One that is not root's or not empty is another that was put in its place: it is left alone. */
export async function giveDirectoryToOwnerOf(parent: HeldDirectory, made: HeldDirectory): Promise<void> {
  const owner = await ownerBesideRoot(parent);
  if (owner === undefined) return;
  const isNew = (await made.status()).uid === 0n && (await made.names()).length === 0;
  if (isNew) await chown(made.at('.'), ...owner).catch(() => undefined);
}

async function ownerBesideRoot(directory: HeldDirectory): Promise<[number, number] | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const { uid, gid } = await directory.status();
  return uid === 0n ? undefined : [Number(uid), Number(gid)];
}

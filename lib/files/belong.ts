// Whose a new file is. Root may run a command by hand beside jobs that run as a user of their own; what it makes in
// their directories they must be able to read, replace and remove.
import { lchown, stat } from 'node:fs/promises';

/**
 * Gives `path`, which this process has just made, to the owner and group of `directory`, where this process is root and
 * that owner is not. Elsewhere nothing is changed.
 */
export async function giveToOwnerOf(directory: string, path: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  if (uid === 0) return;
  // A file system without owners may refuse; then its mount options decide.
  await lchown(path, uid, gid).catch(() => undefined);
}

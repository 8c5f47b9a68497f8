// Files and directories that are whole under their final name, or not there at all, also after a power cut.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import { giveToOwnerOf } from './belong.ts';
import { ifPathThere } from './if-there.ts';
import { publishFile, removeQuietly } from './publish-file.ts';
import { fullDiskDetails } from './space.ts';
import { syncDirectory } from './sync.ts';

/**
 * Writes a small file so that readers see the old content or the new one, never a part, and so that it is on the
 * device when this returns. A failure leaves what was there before. A symbolic link is replaced, not followed.
 * `mode` (default 0644) is the new file's, less what the umask takes away. With `toOwner` it belongs to whom the
 * directory belongs, where root writes it for jobs that run as another user.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { mode = 0o644, toOwner = false }: { mode?: number; toOwner?: boolean } = {},
): Promise<void> {
  const directory = dirname(path);
  // Not derived from the name: a name of 255 bytes leaves no room for a suffix.
  const temporary = join(directory, `.holdfast-${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeFile(temporary, content, { flag: 'wx', mode });
    if (toOwner) await giveToOwnerOf(directory, temporary);
    await publishFile(temporary, path, { replace: true });
  } catch (error) {
    await removeQuietly(temporary);
    throw systemError(`write ${path}`, error, fullDiskDetails(error, directory));
  }
}

/** Longer than any small file takes to be written, also on a card that hangs for a while. */
const temporaryAgeMsMax = 60 * 60 * 1000;

/**
 * Removes what killed writers of small files left in `directory`: files with the name of a temporary one, an hour old.
 * What cannot be removed stays; a directory that is not there holds nothing.
 */
export async function sweepTemporaries(directory: string, now: Date): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((candidate) => /^\.holdfast-[0-9a-f]{16}\.tmp$/.test(candidate))) {
    const path = join(directory, name);
    const status = await lstat(path).catch(() => undefined);
    const isLeft = status?.isFile() === true && now.getTime() - status.mtimeMs > temporaryAgeMsMax;
    if (isLeft) await unlink(path).catch(() => undefined); // somebody else's: it costs a few bytes
  }
}

/**
 * Creates a directory and those above it that are missing, and returns when their names are on the device. `mode` is
 * that of the new ones, less what the umask takes away. A directory that is there already stays as it is.
 */
export async function createDirectories(path: string, mode = 0o750): Promise<void> {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); !(await isDirectory(at)); at = dirname(at)) missing.unshift(at);
    for (const directory of missing) {
      await mkdir(directory, { mode }).catch(async (error: unknown) => {
        // Another process may have made it in the meantime.
        if (errorCode(error) !== 'EEXIST' || !(await isDirectory(directory))) throw error;
      });
      await syncDirectory(dirname(directory));
    }
  } catch (error) {
    throw systemError(`create the directory ${path}`, error, fullDiskDetails(error, dirname(resolve(path))));
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await ifPathThere(stat(path));
  if (found === undefined) return false; // a file in the way is found further up
  if (found.isDirectory()) return true;
  throw new OpsError('refused', `cannot create the directory ${path}: a file has that name`);
}

// Small files that are whole under their final name, or not there at all, also after a power cut.
import { randomBytes } from 'node:crypto';
import { lstat, open, unlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { systemError } from '../base/errors.ts';
import { giveToOwnerOf } from './belong.ts';
import { type HeldDirectory, inKnownPaths } from './held-directory.ts';
import { locateDirectory } from './locate-file.ts';
import { publishFile, removeQuietly } from './publish-file.ts';
import { fullDiskDetails } from './space.ts';

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
  try {
    using directory = await locateDirectory(dirname(resolve(path)));
    await writeInto(directory, basename(path), content, { mode, toOwner });
  } catch (error) {
    throw systemError(`write ${path}`, error, fullDiskDetails(error, dirname(path)));
  }
}

interface WriteOptions {
  mode: number;
  toOwner: boolean;
  /** It gets that very mode, whatever the umask. */
  isExact?: boolean;
}

/** The same in a directory that is held, of a content that may come in chunks. Throws the system's errors. */
export async function writeInto(
  directory: HeldDirectory,
  name: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<void> {
  await inKnownPaths(() => writeHeld(directory, name, content, options));
}

async function writeHeld(
  directory: HeldDirectory,
  name: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
  { mode, toOwner, isExact = false }: WriteOptions,
): Promise<void> {
  const temporary = temporaryIn(directory);
  try {
    await using file = await open(temporary, 'wx', mode);
    await file.writeFile(content);
    if (toOwner) await giveToOwnerOf(directory, file);
    if (isExact) await file.chmod(mode);
    await publishFile(temporary, directory.at(name), { replace: true });
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
}

/** A name for a file that is written. Not derived from its own: one of 255 bytes leaves no room for a suffix. */
export function temporaryIn(directory: HeldDirectory): string {
  return directory.at(`.holdfast-${randomBytes(8).toString('hex')}.tmp`);
}

/** Longer than any small file takes to be written, also on a card that hangs for a while. */
const temporaryAgeMsMax = 60 * 60 * 1000;

/**
 * Removes what killed writers of small files left in `directory`: files with the name of a temporary one, an hour old, or
 * of any age without a `now`, for who knows that nobody else writes there. What cannot be removed stays; a directory that is not there holds
 * nothing.
 */
export async function sweepTemporaries(path: string, now: Date | undefined): Promise<void> {
  using directory = await locateDirectory(path).catch(() => undefined);
  if (directory === undefined) return;
  const names = await directory.names().catch(() => []);
  for (const name of names.filter((candidate) => /^\.holdfast-[0-9a-f]{16}\.tmp$/.test(candidate))) {
    const temporary = directory.at(name);
    const status = await lstat(temporary).catch(() => undefined);
    const isOld = now === undefined || now.getTime() - (status?.mtimeMs ?? 0) > temporaryAgeMsMax;
    const isLeft = status?.isFile() === true && isOld;
    if (isLeft) await unlink(temporary).catch(() => undefined); // somebody else's: it costs a few bytes
  }
}

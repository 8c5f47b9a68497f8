// Free space: asked for before something large is written, and named when it ran out all the same.
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { OpsError, errorCode, systemError } from '../base/errors.ts';
import { formatBytes } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import { isPathMissing } from './if-there.ts';

/** What a file system has, in bytes; undefined where it does not say (some network mounts report nothing). */
export interface FileSystemSpace {
  /** What an unprivileged process may still use. */
  freeBytes: number | undefined;
  totalBytes: number | undefined;
}

/** The space of the file system that `path`, or the nearest directory above it that exists, lies on. */
export async function fileSystemSpace(path: string): Promise<FileSystemSpace> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize } = await statfs(at);
      if (blocks === 0) return { freeBytes: undefined, totalBytes: undefined };
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    } catch (error) {
      if (isPathMissing(error) && at !== dirname(at)) continue;
      throw systemError(`read the free space of ${at}`, error);
    }
  }
}

/** Bytes that may still be written where `path` is or would be; undefined where the file system does not say. */
export async function freeBytes(path: string): Promise<number | undefined> {
  return (await fileSystemSpace(path)).freeBytes;
}

/**
 * Throws OpsError `io` with both numbers when `directory` has less than `neededBytes` free. `purpose` is what
 * cannot be done then, as in "cannot <purpose>". A file system that does not say how much it has passes.
 */
export async function requireSpace(need: {
  directory: string;
  neededBytes: number;
  purpose: string;
}): Promise<void> {
  const free = await freeBytes(need.directory);
  if (free === undefined || free >= need.neededBytes) return;
  throw new OpsError(
    'io',
    `cannot ${need.purpose}: it needs ${formatBytes(need.neededBytes)}, ` +
      `${formatBytes(free)} are free in ${need.directory}`,
    { hint: spaceHint(need.directory) },
  );
}

/** The details of an error met while writing into `directory`: a hint when the cause is that it is full. */
export function fullDiskDetails(error: unknown, directory: string): { hint?: string } {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? { hint: spaceHint(directory) } : {};
}

function spaceHint(directory: string): string {
  return `free some space there; ${spaceCommand(directory)} shows what is used`;
}

/** The command that shows how full it is where `directory` is or was: what is removed with the run that says so is not named. */
export function spaceCommand(directory: string): string {
  let at = resolve(directory);
  while (at !== '/' && (isPassing(basename(at)) || !existsSync(at))) at = dirname(at);
  return `df -h ${shellWord(at)}`;
}

/** Scratch and staging directories. */
function isPassing(name: string): boolean {
  return /^\.(holdfast-|.+\.restore-)/.test(name);
}

// The way from the root of a directory store to an object: each directory is held while the next one is entered, and no
// link is followed. The store's other users may own any of them.
import { makeIn } from '../../files/make-directories.ts';
import { type HeldDirectory, inKnownPaths } from '../../files/held-directory.ts';
import type { StoreName } from '../store.ts';

/** Does `work` in a directory below `from`. Rejects with the system's error where one on the way is missing or a link. */
export async function inDirectory<T>(
  from: HeldDirectory,
  [segment, ...rest]: readonly string[],
  work: (directory: HeldDirectory) => Promise<T>,
): Promise<T> {
  if (segment === undefined) return work(from);
  using next = await from.hold(segment);
  return await inKnownPaths(() => inDirectory(next, rest, work));
}

/** Does `work` in the directory of an object, with the object's name in it. */
export function inDirectoryOf<T>(
  root: HeldDirectory,
  name: StoreName,
  work: (directory: HeldDirectory, last: string) => Promise<T>,
): Promise<T> {
  const segments = name.split('/');
  const last = segments.pop() ?? '';
  return inDirectory(root, segments, (directory) => work(directory, last));
}

/**
 * The same, with the directories made that are missing. Their names are on the device before `work` begins: that a
 * directory is there does not say so, for the run that made it may have been killed. Not those above the root: a root
 * that is gone must not come back empty.
 */
export async function inMadeDirectoryOf<T>(
  from: HeldDirectory,
  name: StoreName,
  work: (directory: HeldDirectory, last: string) => Promise<T>,
): Promise<T> {
  const at = name.indexOf('/');
  if (at === -1) return work(from, name);
  using next = await makeIn(from, name.slice(0, at), 0o750);
  await from.sync();
  return await inKnownPaths(() => inMadeDirectoryOf(next, name.slice(at + 1), work));
}

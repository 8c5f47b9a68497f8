// Which files under the root of a directory store are its objects, and which names they have. Nothing else is seen:
// no symbolic link, so that no name leads out of the root, no special file, and nothing that is Holdfast's own.
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError, errorCode, systemError } from '../../base/errors.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { ifPathThere, isPathMissing } from '../../files/if-there.ts';
import { requireObjectName } from '../name.ts';
import { nameMissing } from '../refusals.ts';
import type { Stored, StoreName } from '../store.ts';
import { inDirectory } from './walk.ts';

/** What has a name: an object, nothing, or something that is in the way of an object with this name. */
export type Found = { is: 'object'; stored: Stored } | { is: 'absent' } | { is: 'blocked'; by: string };

/** Looks a name up without following a symbolic link in any of its segments. */
export async function findObject(root: HeldDirectory, name: StoreName): Promise<Found> {
  return findIn(root, name.split('/'), name);
}

async function findIn(
  directory: HeldDirectory,
  [segment = '', ...rest]: string[],
  name: StoreName,
): Promise<Found> {
  const stats = await ifPathThere(lstat(directory.at(segment)));
  if (stats === undefined) return { is: 'absent' };
  if (rest.length === 0 && stats.isFile()) return { is: 'object', stored: storedFrom(name, stats) };
  if (rest.length === 0 || !stats.isDirectory()) {
    const part = name.split('/').slice(0, name.split('/').length - rest.length);
    return { is: 'blocked', by: `${part.join('/')} is ${kindOf(stats)}` };
  }
  using next = await ifPathThere(directory.hold(segment)); // it may have gone, or become a link, since
  return next === undefined ? { is: 'absent' } : await findIn(next, rest, name);
}

/** The object with this name, or OpsError `missing`. */
export async function requireObject(root: HeldDirectory, name: StoreName): Promise<Stored> {
  const found = await findObject(root, name);
  if (found.is === 'object') return found.stored;
  throw nameMissing(name);
}

/** Every object whose name starts with `prefix`, sorted by name. What vanishes meanwhile is left out. */
export async function listObjects(root: HeldDirectory, prefix: string): Promise<Stored[]> {
  const found: Stored[] = [];
  const pending = [''];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const above = next;
    await inListed(root, above, async (directory) => {
      for (const entry of await entriesOf(directory, above)) {
        const name = above === '' ? entry.name : `${above}/${entry.name}`;
        if (!isVisible(name, entry)) continue;
        if (entry.isDirectory()) {
          if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) pending.push(name);
        } else if (name.startsWith(prefix)) {
          const stats = await ifPathThere(lstat(directory.at(entry.name)));
          if (stats?.isFile() === true) found.push(storedFrom(name, stats));
        }
      }
    });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The object that a regular file is or will be under `name`. */
export function storedFrom(name: StoreName, stats: Stats): Stored {
  // An object is replaced by another file, and never written into.
  const revision = `${stats.ino}-${stats.mtimeMs}`;
  return { name, sizeBytes: stats.size, modifiedAt: stats.mtime, revision };
}

function isVisible(name: string, entry: Dirent): boolean {
  if (!entry.isFile() && !entry.isDirectory()) return false;
  try {
    requireObjectName(name);
    return true;
  } catch (error) {
    // A foreign file whose name no command could ask for.
    if (error instanceof OpsError) return false;
    throw error;
  }
}

/** Does `work` in a directory of the store, unless it is gone by now or something else has its name. */
async function inListed(
  root: HeldDirectory,
  name: string,
  work: (directory: HeldDirectory) => Promise<void>,
): Promise<void> {
  try {
    await inDirectory(root, name === '' ? [] : name.split('/'), work);
  } catch (error) {
    if (name !== '' && isPathMissing(error)) return;
    throw systemError(`list ${join(root.path, name)}`, error);
  }
}

async function entriesOf(directory: HeldDirectory, name: string): Promise<Dirent[]> {
  try {
    return await readdir(directory.at('.'), { withFileTypes: true });
  } catch (error) {
    // ext4 makes this one in the root of every disk, and only the superuser may look inside.
    if (name === 'lost+found' && errorCode(error) === 'EACCES') return [];
    throw systemError(`list ${directory.path}`, error);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return stats.isFile() ? 'a file' : 'a special file';
}

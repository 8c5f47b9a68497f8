// Which files under the root of a directory store are its objects, and which names they have. Nothing else is seen:
// no symbolic link, so that no name leads out of the root, no special file, and nothing that is Holdfast's own.
import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError, errorCode, systemError } from '../../base/errors.ts';
import { ifPathThere, isPathMissing } from '../../files/if-there.ts';
import { quoteName, requireStoreName } from '../name.ts';
import { nameMissing } from '../refusals.ts';
import type { Stored, StoreName } from '../store.ts';

/** What has a name: an object, nothing, or something that is in the way of an object with this name. */
export type Found = { is: 'object'; stored: Stored } | { is: 'absent' } | { is: 'blocked'; by: string };

const reserved = /^\.holdfast-/i; // also where the file system does not tell upper from lower case

/** `requireStoreName`, and OpsError `usage` for the names that Holdfast keeps to itself in a directory. */
export function requireObjectName(text: string): StoreName {
  const name = requireStoreName(text);
  if (!name.split('/').some((segment) => reserved.test(segment))) return name;
  throw new OpsError(
    'usage',
    `cannot use ${quoteName(text)} as a name in the store: names beginning with .holdfast- are reserved`,
  );
}

/** Looks a name up without following a symbolic link in any of its segments. */
export async function findObject(root: string, name: StoreName): Promise<Found> {
  const segments = name.split('/');
  for (const [index] of segments.entries()) {
    const part = segments.slice(0, index + 1).join('/');
    const stats = await ifPathThere(lstat(join(root, part)));
    if (stats === undefined) return { is: 'absent' };
    const isLast = part === name;
    if (isLast && stats.isFile()) return { is: 'object', stored: storedFrom(name, stats) };
    if (isLast || !stats.isDirectory()) return { is: 'blocked', by: `${part} is ${kindOf(stats)}` };
  }
  return { is: 'absent' };
}

/** The object with this name, or OpsError `missing`. */
export async function requireObject(root: string, name: StoreName): Promise<Stored> {
  const found = await findObject(root, name);
  if (found.is === 'object') return found.stored;
  throw nameMissing(name);
}

/** Every object whose name starts with `prefix`, sorted by name. What vanishes meanwhile is left out. */
export async function listObjects(root: string, prefix: string): Promise<Stored[]> {
  const found: Stored[] = [];
  const pending = [''];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of await entriesOf(root, directory)) {
      const name = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (!isVisible(name, entry)) continue;
      if (entry.isDirectory()) {
        if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) pending.push(name);
      } else if (name.startsWith(prefix)) {
        const stats = await ifPathThere(lstat(join(root, name)));
        if (stats?.isFile() === true) found.push(storedFrom(name, stats));
      }
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The object that a regular file is or will be under `name`. */
export function storedFrom(name: StoreName, stats: Stats): Stored {
  return { name, sizeBytes: stats.size, modifiedAt: stats.mtime };
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

async function entriesOf(root: string, directory: string): Promise<Dirent[]> {
  try {
    return await readdir(join(root, directory), { withFileTypes: true });
  } catch (error) {
    if (directory !== '' && isPathMissing(error)) return [];
    // ext4 makes this one in the root of every disk, and only the superuser may look inside.
    if (directory === 'lost+found' && errorCode(error) === 'EACCES') return [];
    throw systemError(`list ${join(root, directory)}`, error);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return stats.isFile() ? 'a file' : 'a special file';
}

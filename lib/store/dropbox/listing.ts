// What is in Dropbox: all of it or nothing, for a listing that was cut short would make backups look gone.
import { isReserved } from '../name.ts';
import type { Stored, StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { DropboxFailure, strangerFailure } from './failure.ts';
import { type Entry, readEntries } from './listing-pages.ts';
import { lookUp, lookUpObject } from './look.ts';
import { NoObject, type RemoteFile, storedAs } from './metadata.ts';
import { fold, isNamed } from './paths.ts';

/** Files that cannot be read and are asked about one by one; when there are more, it is the listing that is odd. */
const oddMax = 20;

/** A file that is listed; the second part is what the listing itself says of it. */
interface Listed {
  stored: Stored;
  file: RemoteFile | undefined;
}

/** Every file whose name starts with `prefix`, sorted by name. */
export async function listFiles(access: DropboxAccess, prefix: string): Promise<Stored[]> {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  const path = folder === '' ? access.folder : `${access.folder}/${folder}`;
  const entries = await readEntries(access, path);
  const names = namesBelow(folder, path, entries);
  const found = new Map<string, Listed>();
  let odd = 0;
  for (const { tag, pathLower, file, isWithoutBytes } of entries.values()) {
    const name = names.get(pathLower);
    if (tag !== 'file' || isWithoutBytes || name === undefined || !name.startsWith(prefix)) continue;
    if (isReserved(name)) continue;
    if (file === undefined && (odd += 1) > oddMax)
      throw strangerFailure(`a listing with more than ${oddMax} files that make no sense`);
    const stored = file === undefined ? await askAbout(access, name) : storedAs(name, file);
    if (stored !== undefined) found.set(fold(name), { stored, file });
  }
  await addRecent(access, { path, prefix }, found);
  return [...found.values()].map(({ stored }) => stored).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What lies directly in the folder of the store, by name; nothing where that is not there. */
export async function namesAtTop(access: DropboxAccess): Promise<string[]> {
  const entries = await readEntries(access, access.folder, { recursive: false });
  return [...entries].filter(([key]) => key.length > access.folder.length).map(([, { name }]) => name);
}

/**
 * One file that a listing cannot describe is asked about by itself. One that stays odd is listed without bytes, so that
 * nobody takes it for what it was, nor for gone; it is no reason to do without all others.
 */
async function askAbout(access: DropboxAccess, name: StoreName): Promise<Stored | undefined> {
  try {
    const seen = await lookUpObject(access, name);
    return seen === undefined || seen instanceof NoObject ? undefined : storedAs(name, seen);
  } catch (error) {
    if (!(error instanceof DropboxFailure) || error.kind !== 'stranger') throw error;
    access.log.warn('a file in Dropbox cannot be read, and counts as damaged', {
      name,
      cause: error.message,
    });
    return { name, sizeBytes: 0, modifiedAt: new Date(0) };
  }
}

/** What this run wrote and removed there is so, though a listing may not show it yet: each is asked about by itself. */
async function addRecent(
  access: DropboxAccess,
  { path, prefix }: { path: string; prefix: string },
  found: Map<string, Listed>,
): Promise<void> {
  const { recent, folder } = access;
  for (const written of recent.pathsBelow(path)) {
    const name = written.slice(folder.length + 1);
    const listed = found.get(fold(name));
    const isRenamed = listed !== undefined && !isNamed(listed.stored.name, name);
    if (!name.startsWith(prefix) || !(isRenamed || recent.contradicts(written, listed?.file))) continue;
    const seen = await lookUp(access, written);
    if (seen instanceof NoObject) continue;
    if (seen === undefined) found.delete(fold(name));
    else found.set(fold(name), { stored: storedAs(name, seen), file: seen });
  }
}

/**
 * The name of each entry, with the letter case of each of its folders: in `path_display` only the last part is
 * reliable. The folders that were asked for are called as they were asked for.
 */
function namesBelow(folder: StoreName, path: string, entries: Map<string, Entry>): Map<string, StoreName> {
  const names = new Map<string, StoreName>();
  const nameOf = (key: string): StoreName => {
    const known = names.get(key);
    if (known !== undefined) return known;
    const entry = entries.get(key);
    const parent = key.slice(0, key.lastIndexOf('/'));
    // A folder that is not among the entries is called by its path: a file must never seem to lie higher than it does.
    const below = parent.length <= path.length ? folder : nameOf(parent);
    const own = entry?.name ?? key.slice(key.lastIndexOf('/') + 1);
    const name = below === '' ? own : `${below}/${own}`;
    names.set(key, name);
    return name;
  };
  // The folder itself is among its own entries.
  for (const key of entries.keys()) if (key.length > path.length) nameOf(key);
  return names;
}

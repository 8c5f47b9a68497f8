// What is in Dropbox: all of it or nothing, for a listing that was cut short would make backups look gone.
import type { Stored, StoreName } from '../store.ts';
import type { DropboxClient } from './client.ts';
import { DropboxFailure } from './failure.ts';
import { remoteFile, storedAs } from './metadata.ts';
import type { DropboxAccess } from './access.ts';
import type { files } from './sdk.ts';

/** Listings that changed so much that Dropbox wants them read anew. */
const resetsMax = 5;

const pageEntriesMax = 2000;

type Entry = files.ListFolderResult['entries'][number];

/** Every file whose name starts with `prefix`, sorted by name. */
export async function listFiles(access: DropboxAccess, prefix: string): Promise<Stored[]> {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  const path = folder === '' ? access.folder : `${access.folder}/${folder}`;
  const entries = await entriesBelow(access.client, path);
  const names = namesBelow(folder, path, entries);
  const found: Stored[] = [];
  for (const entry of entries.values()) {
    const name = names.get(entry.path_lower ?? '');
    if (entry['.tag'] !== 'file' || name === undefined || !name.startsWith(prefix)) continue;
    // Paper documents and the like have no bytes that could be a backup.
    if (entry.is_downloadable === false) continue;
    found.push(storedAs(name, remoteFile(entry)));
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Every entry below a folder by its lower-case path; nothing when the folder is not there. */
async function entriesBelow(client: DropboxClient, path: string): Promise<Map<string, Entry>> {
  for (let resets = 0; ; resets += 1) {
    try {
      return await readPages(client, path);
    } catch (error) {
      if (!(error instanceof DropboxFailure)) throw error;
      // A prefix that is no path begins no name either.
      if (['not_found', 'not_folder', 'malformed_path'].some((tag) => error.has(tag))) return new Map();
      if (!error.has('reset') || resets === resetsMax) throw error;
    }
  }
}

/** A page may be empty, and an entry may come twice: only `has_more` says whether it is all, and the last word counts. */
async function readPages(client: DropboxClient, path: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  let page = await client.call((calls) =>
    calls.filesListFolder({ path, recursive: true, limit: pageEntriesMax }),
  );
  for (;;) {
    const { cursor, has_more, entries: pageEntries } = requirePage(page);
    for (const entry of pageEntries) {
      const key = entry.path_lower ?? '';
      if (entry['.tag'] === 'deleted') removeBelow(entries, key);
      else entries.set(key, entry);
    }
    if (!has_more) return entries;
    page = await client.call((calls) => calls.filesListFolderContinue({ cursor }));
  }
}

function requirePage(page: files.ListFolderResult): files.ListFolderResult {
  const { cursor, has_more, entries } = page as Partial<files.ListFolderResult>;
  if (typeof cursor === 'string' && typeof has_more === 'boolean' && Array.isArray(entries)) return page;
  throw new DropboxFailure('stranger', 'this is not Dropbox answering: a listing without its entries');
}

/** A folder that is deleted takes what was in it along. */
function removeBelow(entries: Map<string, Entry>, path: string): void {
  for (const key of entries.keys()) if (key === path || key.startsWith(`${path}/`)) entries.delete(key);
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

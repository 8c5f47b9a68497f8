// The pages of a listing, read to their end, which comes.
import type { DropboxAccess } from './access.ts';
import { DropboxFailure, strangerFailure } from './failure.ts';
import { waitAgain } from './look.ts';
import { isWithoutBytes, pathIn, type RemoteFile, remoteFile } from './metadata.ts';
import { fold, nameIn } from './paths.ts';
import { readReply, tagOf } from './replies.ts';

/** One entry of a listing. */
export interface Entry {
  tag: string;
  name: string;
  pathLower: string;
  /** Of a file, where it says all that a file of ours has. */
  file: RemoteFile | undefined;
  /** It can only be exported, as a Paper document: Dropbox has no content for it. */
  isWithoutBytes: boolean;
}

const pageEntriesMax = 2000;

/** More than anybody keeps where Holdfast looks; a listing that goes on has no end. */
const entriesMax = 300_000;
const pagesMax = 400;

/** Pages in a row that bring nothing; a few of them are usual. */
const emptyPagesMax = 50;

/** Listings that changed so much that Dropbox wants them read anew. */
const resetsMax = 5;

/** Every entry below a folder by its lower-case path; nothing when the folder is not there. */
export async function readEntries(
  access: DropboxAccess,
  path: string,
  { recursive = true } = {},
): Promise<Map<string, Entry>> {
  for (let resets = 0; ; resets += 1) {
    try {
      return await readPages(access, path, recursive);
    } catch (error) {
      if (!(error instanceof DropboxFailure)) throw error;
      // A prefix that is no path begins no name either.
      if (['not_found', 'not_folder', 'malformed_path'].some((tag) => error.has(tag))) return new Map();
      if (!error.has('reset') || resets === resetsMax || !(await waitAgain(access, resets))) throw error;
    }
  }
}

/** A page may be empty, and an entry may come twice: only `has_more` says whether it is all, and the last word counts. */
async function readPages(
  { client }: DropboxAccess,
  path: string,
  recursive: boolean,
): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  const readPage = (reply: unknown) => pageOf(reply, path);
  let page = await client.call(
    (calls) => calls.filesListFolder({ path, recursive, limit: pageEntriesMax }),
    readPage,
  );
  for (let [pages, emptyPages] = [1, 0]; ; pages += 1) {
    const before = entries.size;
    for (const entry of page.entries) {
      if (entry.tag === 'deleted') removeBelow(entries, entry.pathLower);
      else entries.set(entry.pathLower, entry);
    }
    if (!page.hasMore) return entries;
    emptyPages = entries.size > before ? 0 : emptyPages + 1;
    if (emptyPages > emptyPagesMax || pages === pagesMax || entries.size > entriesMax)
      throw strangerFailure(`a listing without an end, of ${entries.size} entries so far`);
    const { cursor } = page;
    page = await client.call((calls) => calls.filesListFolderContinue({ cursor }), readPage);
  }
}

interface Page {
  entries: Entry[];
  cursor: string;
  hasMore: boolean;
}

/** Where no entry makes sense it is the page that does not; one alone may be an odd file. */
function pageOf(reply: unknown, path: string): Page {
  return readReply(reply, (fields) => {
    const [cursor, hasMore] = [fields.text('cursor'), fields.boolean('has_more')];
    const all = fields.list('entries').map((entry) => entryOf(entry, path));
    const entries = all.filter((entry) => entry !== undefined);
    const files = entries.filter(({ tag, isWithoutBytes }) => tag === 'file' && !isWithoutBytes);
    const isOdd = files.length > 1 && files.every(({ file }) => file === undefined);
    if (isOdd || (all.length > 0 && entries.length === 0))
      throw strangerFailure('a listing in which nothing has its place, its size and its hash');
    return { cursor, hasMore, entries };
  });
}

/** Undefined for what lies nowhere, which Dropbox has too. A file has its name where only its path says it. */
function entryOf(reply: unknown, path: string): Entry | undefined {
  return readReply(reply, (fields) => {
    const text = (key: string) => {
      const value = fields.optional(key);
      return typeof value === 'string' && value !== '' ? value : undefined;
    };
    const pathLower =
      text('path_lower') ?? (text('path_display') === undefined ? undefined : fold(pathIn(fields)));
    if (pathLower === undefined) return undefined;
    if (!/[^ -~]/.test(path) && !fold(`${pathLower}/`).startsWith(fold(`${path}/`)))
      throw strangerFailure('a listing of another folder');
    const tag = tagOf(reply);
    const name = [text('name'), nameIn(text('path_display') ?? '')].find((one) => isLast(one, pathLower));
    const file = tag === 'file' ? ifReadable(() => remoteFile(reply)) : undefined;
    return {
      tag,
      name: name ?? nameIn(pathLower),
      pathLower,
      file,
      isWithoutBytes: isWithoutBytes(fields),
    };
  });
}

/** Whether a name is what a path ends in: a name is the path's own, and never leads anywhere else. */
function isLast(name: string | undefined, pathLower: string): name is string {
  if (name === undefined || name === '' || name.includes('/')) return false;
  return fold(name) === nameIn(fold(pathLower)) || /[^ -~]/.test(pathLower);
}

function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DropboxFailure) return undefined;
    throw error;
  }
}

/** A folder that is deleted takes what was in it along. */
function removeBelow(entries: Map<string, Entry>, path: string): void {
  for (const key of entries.keys()) if (key === path || key.startsWith(`${path}/`)) entries.delete(key);
}

// files/list_folder and its cursors. A cursor holds everything: what to list, how far the first listing came, and the
// position in the change feed from which later changes follow. So it survives a restart.
import { taggedMetadata, type Entry, type Present } from './entries.ts';
import { find, root } from './lookup.ts';
import type { Namespace, Tree } from './namespace.ts';
import { lowerPath, parentOf } from './paths.ts';
import { badCall, endpointError, json, plainText, Refusal, type Reply } from './replies.ts';
import { visibleTree, type Call, type Caller, type Handler } from './service.ts';

interface ListFolder {
  path: string;
  recursive: boolean;
  include_deleted: boolean;
  limit?: number | null;
}

interface Cursor {
  /** The folder by its lower-case path, '' for the root. */
  folder: string;
  recursive: boolean;
  deleted: boolean;
  limit: number;
  /** The first listing goes on after this path; null when it is done. */
  after: string | null;
  /** Changes up to here are known. */
  position: number;
}

interface Page {
  entries: Entry[];
  cursor: Cursor;
  hasMore: boolean;
}

function listFolder(call: Call<ListFolder>): Reply {
  const cursor = { ...openCursor(call), after: '' };
  return reply(call, nextPage(call, cursor), cursor);
}

function getLatestCursor(call: Call<ListFolder>): Reply {
  return json({ cursor: format({ ...openCursor(call), after: null }) });
}

function listFolderContinue(call: Call<{ cursor: string }>): Reply {
  const cursor = parse(call, call.argument.cursor);
  if (call.effects.has('cursorReset')) throw endpointError({ '.tag': 'reset' });
  return reply(call, nextPage(call, cursor), cursor);
}

async function longpoll(call: Call<{ cursor: string; timeout: number }>): Promise<Reply> {
  const { service, argument, gone } = call;
  const cursor = parse(call, argument.cursor);
  if (call.effects.has('cursorReset')) throw endpointError({ '.tag': 'reset' });
  const deadline = call.request.startedAt + argument.timeout * 1000;
  const changed = () => changesSince(service.namespace, cursor).length > 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    if (changed() || service.clock.now() >= deadline || gone.aborted) resolve();
  };
  const timer = setTimeout(resolve, argument.timeout * 1000);
  const stopListening = [service.namespace.onChange(look), service.clock.onAdvance(look)];
  gone.addEventListener('abort', look);
  look();
  await promise;
  clearTimeout(timer);
  for (const stop of stopListening) stop();
  return json({ changes: changed() });
}

function openCursor(call: Call<ListFolder>): Omit<Cursor, 'after'> {
  const { service, argument } = call;
  if (argument.path === '/') {
    const hint = 'Specify the root folder as an empty string rather than as "/".';
    throw badCall(call.route, `request body: path: ${hint}`);
  }
  const lookup = { namespace: service.namespace, tree: visibleTree(call), tag: 'path' };
  const found = find(lookup, argument.path);
  if (found !== root && found.kind === 'file') {
    throw endpointError({ '.tag': 'path', path: { '.tag': 'not_folder' } });
  }
  return {
    folder: found === root ? '' : found.pathLower,
    recursive: argument.recursive,
    deleted: argument.include_deleted,
    limit: argument.limit ?? service.switches.defaultPageSize,
    position: lookup.tree.position,
  };
}

function nextPage(call: Caller, cursor: Cursor): Page {
  const { namespace } = call.service;
  if (cursor.after !== null) {
    const { after } = cursor;
    const rest = inScope(visibleTree(call), namespace, cursor).filter(({ pathLower }) => pathLower > after);
    const entries = rest.slice(0, cursor.limit);
    if (rest.length > entries.length) {
      return { entries, cursor: { ...cursor, after: entries.at(-1)?.pathLower ?? after }, hasMore: true };
    }
    const done = { ...cursor, after: null };
    return { entries, cursor: done, hasMore: changesSince(namespace, done).length > 0 };
  }
  requireFolder(namespace, cursor);
  const changes = changesSince(namespace, cursor);
  const page = changes.slice(0, cursor.limit);
  const position = changes.length > page.length ? (page.at(-1)?.sequence ?? 0) : namespace.latest;
  return {
    entries: page.map(({ entry }) => entry),
    cursor: { ...cursor, position },
    hasMore: changes.length > page.length,
  };
}

/** What the first listing shows, in order of the paths; a folder that is listed recursively comes first itself. */
function inScope(tree: Tree, namespace: Namespace, cursor: Cursor): Entry[] {
  const present: Entry[] = tree.all().filter((entry) => isInScope(cursor, entry));
  if (!cursor.deleted) return present;
  const paths = new Set(namespace.history.map(({ entry }) => entry.pathLower));
  const gone = [...paths].flatMap((path) => namespace.deletedAt(path) ?? []);
  return [...present, ...gone.filter((entry) => isInScope(cursor, entry))].sort((a, b) =>
    a.pathLower < b.pathLower ? -1 : 1,
  );
}

function isInScope({ folder, recursive }: Cursor, { pathLower }: Entry | Present): boolean {
  if (!recursive) return parentOf(pathLower) === folder && pathLower !== folder;
  return pathLower.startsWith(`${folder}/`) || (pathLower === folder && folder !== '');
}

/** The latest change of each path after the cursor's position, in the order of the feed. */
function changesSince(namespace: Namespace, cursor: Cursor): { sequence: number; entry: Entry }[] {
  return namespace.history
    .slice(cursor.position)
    .filter(({ entry }) => isInScope(cursor, entry))
    .filter(({ sequence, entry }) => namespace.changesOf(entry.pathLower).at(-1)?.sequence === sequence);
}

function requireFolder(namespace: Namespace, { folder }: Cursor): void {
  if (folder === '' || namespace.at(lowerPath(folder)) !== undefined) return;
  throw endpointError({ '.tag': 'path', path: { '.tag': 'not_found' } });
}

function reply({ effects }: Caller, page: Page, before: Cursor): Reply {
  const { entries, cursor, hasMore } = effects.has('emptyPage')
    ? { entries: [], cursor: before, hasMore: true }
    : page;
  const duplicated = effects.has('pageDuplicate') ? [...entries.slice(-1), ...entries] : entries;
  return json({ entries: duplicated.map(taggedMetadata), cursor: format(cursor), has_more: hasMore });
}

function format(cursor: Cursor): string {
  return `AAE${Buffer.from(JSON.stringify(cursor)).toString('base64url')}`;
}

function parse(call: Caller, cursor: string): Cursor {
  try {
    if (!cursor.startsWith('AAE')) throw new SyntaxError('not a cursor of ours');
    return JSON.parse(Buffer.from(cursor.slice(3), 'base64url').toString()) as Cursor;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const text = `Error in call to API function "${call.route}": request body: cursor: Invalid "cursor" parameter`;
    throw new Refusal(plainText(400, text));
  }
}

export const listingRoutes = {
  'files/list_folder': listFolder,
  'files/list_folder/continue': listFolderContinue,
  'files/list_folder/get_latest_cursor': getLatestCursor,
  'files/list_folder/longpoll': longpoll,
} satisfies Record<string, Handler>;

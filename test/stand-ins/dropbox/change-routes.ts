// Changing the tree without new bytes: folders, deletions, copies, moves, restores. Copies share their contents.
import { metadata, taggedMetadata, type Entry, type FileEntry, type Present } from './entries.ts';
import { find, lookupError, root } from './lookup.ts';
import type { Namespace } from './namespace.ts';
import { lowerPath, nameOf, parentOf } from './paths.ts';
import { endpointError, json, under, type Reply } from './replies.ts';
import { type Call, type Handler, type Service, visibleTree } from './service.ts';
import { noteAutorename } from './upload-routes.ts';
import {
  freeName,
  missingParents,
  newFolder,
  requireSpace,
  requireWritable,
  resolvePath,
  writeFile,
  WriteRefused,
} from './write.ts';

const mostFiles = 10_000;

function createFolder(call: Call<{ path: string; autorename: boolean }>): Reply {
  const { namespace, clock } = call.service;
  noteAutorename(call, call.argument);
  return refusing('path', () => {
    const existing = requireWritable(namespace, call.argument.path);
    const path = resolvePath(namespace, call.argument.path);
    if (existing !== undefined && !call.argument.autorename)
      throw new WriteRefused('conflict', existing.kind);
    const target = existing === undefined ? path : freeName(namespace, path, 1);
    const parents = missingParents(namespace, target);
    const folder = newFolder(namespace, parents, target);
    namespace.commit([...parents, folder], clock.now());
    return json({ metadata: metadata(folder) });
  });
}

export interface Deletion {
  path: string;
  parent_rev?: string | null;
}

function deleteV2(call: Call<Deletion>): Reply {
  const { service, argument } = call;
  find({ namespace: service.namespace, tree: visibleTree(call), tag: 'path_lookup' }, argument.path);
  return json({ metadata: taggedMetadata(deleteEntry(service, argument)) });
}

function permanentlyDelete({ service, argument }: Call<Deletion>): Reply {
  deleteEntry(service, argument);
  return json(null);
}

/** Deletes, and returns what was there. */
export function deleteEntry({ namespace, clock }: Service, { path, parent_rev }: Deletion): Present {
  const entry = find({ namespace, tree: namespace.tree, tag: 'path_lookup' }, path);
  if (entry === root) throw lookupError('path_lookup', 'malformed_path');
  if (typeof parent_rev === 'string') {
    if (entry.kind === 'folder') throw lookupError('path_lookup', 'not_file');
    if (entry.rev !== parent_rev)
      throw endpointError(under('path_write', under('conflict', { '.tag': 'file' })));
  }
  if (entry.kind === 'folder' && namespace.tree.below(entry.pathLower).length > mostFiles) {
    throw endpointError({ '.tag': 'too_many_files' });
  }
  namespace.commit([deleted(entry)], clock.now());
  return entry;
}

interface Relocation {
  from_path: string;
  to_path: string;
  autorename: boolean;
}

function copy(call: Call<Relocation>): Reply {
  const { service } = call;
  const { from, to } = relocation(call);
  const tree = [from, ...belowOf(service.namespace, from)];
  const bytes = tree.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  refusing('to', () => requireSpace(service, bytes));
  return json({ metadata: taggedMetadata(relocate(service, { tree, to, before: [], keepsIds: false })) });
}

function move(call: Call<Relocation>): Reply {
  const { service } = call;
  const { from, to } = relocation(call);
  const tree = [from, ...belowOf(service.namespace, from)];
  const moved = relocate(service, { tree, to, before: [deleted(from)], keepsIds: true });
  return json({ metadata: taggedMetadata(moved) });
}

/** What is to be copied or moved, and the path it goes to. */
function relocation(call: Call<Relocation>): { from: Present; to: string } {
  const { service, argument } = call;
  const { namespace } = service;
  noteAutorename(call, argument);
  const tree = visibleTree(call);
  const from = find({ namespace, tree, tag: 'from_lookup' }, argument.from_path);
  if (from === root) throw lookupError('from_lookup', 'malformed_path');
  return refusing('to', () => {
    const existing = requireWritable(namespace, argument.to_path);
    const path = resolvePath(namespace, argument.to_path);
    if (existing !== undefined && !argument.autorename) throw new WriteRefused('conflict', existing.kind);
    if (from.kind === 'folder' && lowerPath(path).startsWith(`${from.pathLower}/`)) {
      throw endpointError({ '.tag': 'cant_move_folder_into_itself' });
    }
    if (belowOf(namespace, from).length > mostFiles) throw endpointError({ '.tag': 'too_many_files' });
    return { from, to: existing === undefined ? path : freeName(namespace, path, 1) };
  });
}

interface Relocate {
  tree: readonly Present[];
  to: string;
  before: readonly Entry[];
  keepsIds: boolean;
}

/** Writes the whole tree at its new place in one change, and returns its top. */
function relocate({ namespace, clock }: Service, { tree, to, before, keepsIds }: Relocate): Present {
  const [top] = tree;
  if (top === undefined) throw new Error('a tree has a top');
  const parents = missingParents(namespace, to);
  const parent = parents.at(-1)?.pathDisplay ?? parentOf(namespace.displayOf(to));
  const newTop = `${parent}/${nameOf(to)}`;
  const placed = tree.map((entry, index) => {
    const pathDisplay = newTop + entry.pathDisplay.slice(top.pathDisplay.length);
    const place = { name: nameOf(pathDisplay), pathLower: lowerPath(pathDisplay), pathDisplay };
    const id = keepsIds ? entry.id : namespace.newId();
    if (entry.kind === 'folder') return { ...entry, ...place, id };
    const rev = namespace.newRev(before.length + parents.length + index);
    return { ...entry, ...place, id, rev, serverModified: clock.timestamp() };
  });
  namespace.commit([...before, ...parents, ...placed], clock.now());
  return placed[0] ?? top;
}

function restore({ service, argument }: Call<{ path: string; rev: string }>): Reply {
  const { namespace } = service;
  const old = namespace.revision(argument.rev);
  if (old === undefined || old.pathLower !== lowerPath(argument.path)) {
    throw endpointError({ '.tag': 'invalid_revision' });
  }
  const mode = { '.tag': 'overwrite' as const };
  const commit = { path: argument.path, mode, autorename: false, strict_conflict: false };
  const file: FileEntry = refusing('path_write', () =>
    writeFile(service, { ...commit, client_modified: old.clientModified }, old),
  );
  return json(metadata(file));
}

function belowOf(namespace: Namespace, entry: Present): Present[] {
  return entry.kind === 'folder' ? namespace.tree.below(entry.pathLower) : [];
}

function deleted({ name, pathLower, pathDisplay }: Present): Entry {
  return { kind: 'deleted', name, pathLower, pathDisplay };
}

/** Turns a WriteError into the route's error, under the tag it has there. */
function refusing<Result>(tag: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw error instanceof WriteRefused ? endpointError(under(tag, error.error)) : error;
  }
}

export const changeRoutes = {
  'files/create_folder_v2': createFolder,
  'files/delete_v2': deleteV2,
  'files/permanently_delete': permanentlyDelete,
  'files/copy_v2': copy,
  'files/move_v2': move,
  'files/restore': restore,
} satisfies Record<string, Handler>;

// Putting a file at a path: the WriteMode matrix, parents, conflicts and the quota.
import type { Entry, FileEntry, FolderEntry, Present } from './entries.ts';
import type { Namespace } from './namespace.ts';
import { ancestorsOf, isDisallowed, isWellFormed, lowerPath, nameOf, withSuffix } from './paths.ts';
import { nested, type Tagged } from './replies.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** CommitInfo, with the defaults filled in. */
export interface Commit {
  path: string;
  mode: { '.tag': 'add' | 'overwrite' | 'update'; update?: string };
  autorename: boolean;
  client_modified?: string | null;
  strict_conflict: boolean;
}

export interface Contents {
  contentHash: string;
  size: number;
}

/** Why a path cannot be written: a WriteError. Each route wraps it in its own way. */
export class WriteRefused extends Error {
  readonly error: Tagged;

  constructor(...tags: string[]) {
    super(tags.join('/'));
    this.error = nested(...tags);
  }
}

export interface Writer {
  namespace: Namespace;
  clock: VirtualClock;
  quotaBytes: () => number;
}

/** Writes, or finds that the same contents are there already. Throws a WriteRefused and changes nothing otherwise. */
export function writeFile(writer: Writer, commit: Commit, contents: Contents): FileEntry {
  const { namespace, clock } = writer;
  const existing = requireWritable(namespace, commit.path);
  if (existing?.kind === 'file' && isSame(existing, commit, contents)) return existing;
  const path = conflicts(existing, commit) ? renamed(namespace, commit) : resolvePath(namespace, commit.path);
  const replaced = namespace.at(path);
  requireSpace(writer, contents.size - (replaced?.kind === 'file' ? replaced.size : 0));
  const parents = missingParents(namespace, path);
  const now = clock.timestamp();
  const pathDisplay = replaced?.pathDisplay ?? displayBelow(namespace, parents, path);
  const file: FileEntry = {
    kind: 'file',
    id: replaced?.id ?? namespace.newId(),
    name: nameOf(pathDisplay),
    pathLower: lowerPath(path),
    pathDisplay,
    rev: namespace.newRev(parents.length),
    size: contents.size,
    contentHash: contents.contentHash,
    clientModified: clientModified(commit, now),
    serverModified: now,
  };
  namespace.commit([...parents, file], clock.now());
  return file;
}

/** What is at the path now; throws where nothing may ever be. */
export function requireWritable(namespace: Namespace, given: string): Present | undefined {
  const path = resolvePath(namespace, given);
  if (path === '' || !isWellFormed(path)) throw new WriteRefused('malformed_path');
  if (isDisallowed(path)) throw new WriteRefused('disallowed_name');
  if (ancestorsOf(path).some((ancestor) => namespace.at(ancestor)?.kind === 'file')) {
    throw new WriteRefused('conflict', 'file_ancestor');
  }
  return namespace.at(path);
}

export function requireSpace({ namespace, quotaBytes }: Writer, growth: number): void {
  if (growth > 0 && namespace.tree.usedBytes + growth > quotaBytes()) {
    throw new WriteRefused('insufficient_space');
  }
}

/** The folders that a write creates on its way. */
export function missingParents(namespace: Namespace, path: string): FolderEntry[] {
  const created: FolderEntry[] = [];
  for (const ancestor of ancestorsOf(path)) {
    if (namespace.at(ancestor) === undefined) created.push(newFolder(namespace, created, ancestor));
  }
  return created;
}

export function newFolder(namespace: Namespace, above: readonly Entry[], path: string): FolderEntry {
  const pathDisplay = displayBelow(namespace, above, path);
  return {
    kind: 'folder',
    id: namespace.newId(),
    name: nameOf(path),
    pathLower: lowerPath(path),
    pathDisplay,
  };
}

/** The first free name in the way Dropbox numbers copies. */
export function freeName(namespace: Namespace, path: string, first = 2): string {
  for (let number = first; ; number += 1) {
    const candidate = withSuffix(path, ` (${number})`);
    if (namespace.at(candidate) === undefined) return candidate;
  }
}

/** A path to write to may be given as the id of what is there. */
export function resolvePath(namespace: Namespace, given: string): string {
  if (given.startsWith('id:')) {
    const entry = namespace.atId(given);
    if (entry === undefined) throw new WriteRefused('malformed_path');
    return entry.pathDisplay;
  }
  return given.replace(/^ns:[0-9]+/, '');
}

/** Identical contents are no conflict and no new revision, unless the caller asked for strictness. */
function isSame(existing: FileEntry, commit: Commit, contents: Contents): boolean {
  const { mode, strict_conflict } = commit;
  const identical = existing.contentHash === contents.contentHash && existing.size === contents.size;
  const strict = strict_conflict && mode['.tag'] !== 'overwrite';
  return identical && (!strict || mode.update === existing.rev);
}

function conflicts(existing: Present | undefined, { mode, strict_conflict }: Commit): boolean {
  if (existing === undefined) return mode['.tag'] === 'update' && strict_conflict;
  if (existing.kind === 'folder') return true;
  if (mode['.tag'] === 'update') return mode.update !== existing.rev;
  return mode['.tag'] === 'add';
}

function renamed(namespace: Namespace, commit: Commit): string {
  const kind = namespace.at(resolvePath(namespace, commit.path))?.kind ?? 'file';
  if (!commit.autorename) throw new WriteRefused('conflict', kind);
  const path = resolvePath(namespace, commit.path);
  if (commit.mode['.tag'] !== 'update') return freeName(namespace, path);
  const copy = withSuffix(path, ' (conflicted copy)');
  return namespace.at(copy) === undefined ? copy : freeName(namespace, copy);
}

function displayBelow(namespace: Namespace, above: readonly Entry[], path: string): string {
  const parent = lowerPath(path.slice(0, path.lastIndexOf('/')));
  const created = above.find((entry) => entry.pathLower === parent);
  return created === undefined ? namespace.displayOf(path) : `${created.pathDisplay}/${nameOf(path)}`;
}

/** Years before 1000 come back as 2001, as seen with year 1. */
function clientModified(commit: Commit, now: string): string {
  return (commit.client_modified ?? now).replace(/^0001/, '2001');
}

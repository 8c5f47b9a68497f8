// Finding what a path, an `id:` or a `rev:` means, for reading.
import type { FileEntry, Present } from './entries.ts';
import type { Namespace, Tree } from './namespace.ts';
import { isWellFormed, lowerPath } from './paths.ts';
import { endpointError, nested, under, type Tagged } from './replies.ts';

/** The root has no metadata of its own. */
export const root = Symbol('root');

/** A LookupError, under the tag that the route uses for it. */
export function lookupError(tag: string, ...lookup: string[]): Error {
  const inner: Tagged = nested(...lookup);
  return endpointError(under(tag, inner));
}

/** rclone looks up `//folder` from the root, and Dropbox accepts that. */
export function normalise(path: string): string {
  const withoutNamespace = path.replace(/^ns:[0-9]+/, '');
  return withoutNamespace.startsWith('//') ? withoutNamespace.slice(1) : withoutNamespace;
}

export interface Lookup {
  namespace: Namespace;
  /** What the reader sees; an older tree when reads are stale. */
  tree: Tree;
  /** The tag of a LookupError in this route's error. */
  tag: string;
}

export function find({ namespace, tree, tag }: Lookup, given: string): Present | typeof root {
  if (given.startsWith('rev:')) {
    const file = namespace.revision(given.slice(4));
    if (file === undefined) throw lookupError(tag, 'not_found');
    return file;
  }
  if (given.startsWith('id:')) {
    const entry = namespace.atId(given);
    if (entry === undefined) throw lookupError(tag, 'not_found');
    return entry;
  }
  const path = normalise(given);
  if (path === '') return root;
  if (!isWellFormed(path)) throw lookupError(tag, 'malformed_path');
  const entry = tree.entries.get(lowerPath(path));
  if (entry === undefined) throw lookupError(tag, 'not_found');
  return entry;
}

export function findFile(lookup: Lookup, given: string): FileEntry {
  const entry = find(lookup, given);
  if (entry === root || entry.kind !== 'file') throw lookupError(lookup.tag, 'not_file');
  return entry;
}

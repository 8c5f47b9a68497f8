// What can be at a path, and how Dropbox writes it down.

export interface FileEntry {
  kind: 'file';
  id: string;
  name: string;
  pathLower: string;
  pathDisplay: string;
  rev: string;
  size: number;
  contentHash: string;
  clientModified: string;
  serverModified: string;
}

export interface FolderEntry {
  kind: 'folder';
  id: string;
  name: string;
  pathLower: string;
  pathDisplay: string;
}

/** That something was here; deleting a folder says nothing about what was below it. */
export interface DeletedEntry {
  kind: 'deleted';
  name: string;
  pathLower: string;
  pathDisplay: string;
}

export type Present = FileEntry | FolderEntry;
export type Entry = Present | DeletedEntry;

/** Where a result is of the polymorphic type Metadata, it carries its tag; where the type is fixed, it does not. */
export function taggedMetadata(entry: Entry): Record<string, unknown> {
  return { '.tag': entry.kind, ...metadata(entry) };
}

export function metadata(entry: Entry): Record<string, unknown> {
  const common = { name: entry.name, path_lower: entry.pathLower, path_display: entry.pathDisplay };
  if (entry.kind === 'deleted') return common;
  if (entry.kind === 'folder') return { ...common, id: entry.id };
  return {
    ...common,
    id: entry.id,
    client_modified: entry.clientModified,
    server_modified: entry.serverModified,
    rev: entry.rev,
    size: entry.size,
    is_downloadable: true,
    content_hash: entry.contentHash,
  };
}

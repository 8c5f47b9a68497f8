// What Dropbox says of a file, checked: a reply of 200 alone proves nothing.
import type { Stored, StoreName } from '../store.ts';
import type { DropboxClient } from './client.ts';
import { DropboxFailure, strangerFailure } from './failure.ts';
import type { files } from './sdk.ts';

/** A file in Dropbox, with everything that identifies its bytes. */
export interface RemoteFile {
  path: string;
  rev: string;
  sizeBytes: number;
  contentHash: string;
  modifiedAt: Date;
}

/** Reads a file's metadata from a reply. Throws DropboxFailure `stranger` when something is missing or has no sense. */
export function remoteFile(metadata: Partial<files.FileMetadata> | null | undefined): RemoteFile {
  const { path_display, path_lower, rev, size, content_hash, server_modified } = metadata ?? {};
  const path = path_display ?? path_lower;
  if (typeof path !== 'string' || typeof rev !== 'string' || typeof size !== 'number') {
    throw strangerFailure('a reply without the file it is about');
  }
  if (typeof content_hash !== 'string' || !/^[0-9a-f]{64}$/.test(content_hash)) {
    throw strangerFailure('a reply without a content hash');
  }
  return {
    path,
    rev,
    sizeBytes: size,
    contentHash: content_hash,
    modifiedAt: new Date(server_modified ?? 0),
  };
}

/** The file at `path`; `folder` when a folder is there, undefined when nothing is. */
export async function lookUp(
  client: DropboxClient,
  path: string,
  signal?: AbortSignal,
): Promise<RemoteFile | 'folder' | undefined> {
  try {
    const metadata = await client.call((calls) => calls.filesGetMetadata({ path }), { signal });
    if (metadata['.tag'] === 'folder') return 'folder';
    return metadata['.tag'] === 'file' ? remoteFile(metadata) : undefined;
  } catch (error) {
    if (error instanceof DropboxFailure && (error.has('not_found') || error.has('not_folder')))
      return undefined;
    throw error;
  }
}

/** The file at `path`; undefined when nothing is there, or a folder. */
export async function lookUpFile(
  client: DropboxClient,
  path: string,
  signal?: AbortSignal,
): Promise<RemoteFile | undefined> {
  const found = await lookUp(client, path, signal);
  return found === 'folder' ? undefined : found;
}

/** The object a remote file is under our name. */
export function storedAs(name: StoreName, { sizeBytes, modifiedAt, contentHash }: RemoteFile): Stored {
  return { name, sizeBytes, modifiedAt, contentHash };
}

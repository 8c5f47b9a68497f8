// What is to become visible in Dropbox, and how to find out whether it did.
import type { FileDigest } from '../../files/digest.ts';
import type { StoreName } from '../store.ts';
import { lookUpFile, type RemoteFile } from './metadata.ts';
import type { DropboxAccess } from './access.ts';
import type { files } from './sdk.ts';

/** What is to become visible, and where. */
export interface CommitOrder {
  access: DropboxAccess;
  name: StoreName;
  path: string;
  file: FileDigest;
  replace: boolean;
  signal: AbortSignal;
}

/**
 * How a file is committed. `add` with `autorename` off refuses to overwrite and takes the same bytes a second time
 * without a conflict, so that it may be repeated.
 */
export function commitInfo({ path, replace }: CommitOrder): files.CommitInfo {
  return { path, mode: { '.tag': replace ? 'overwrite' : 'add' }, autorename: false, mute: true };
}

/** Whether the very bytes of `file` are there; the answer to every lost reply. */
export function holds(remote: RemoteFile, file: Pick<FileDigest, 'sizeBytes' | 'contentHash'>): boolean {
  return remote.sizeBytes === file.sizeBytes && remote.contentHash === file.contentHash;
}

/** Looks whether a commit whose reply was lost was carried out. */
export async function findCommitted({
  access,
  path,
  file,
  signal,
}: CommitOrder): Promise<RemoteFile | undefined> {
  return findHolding(access, path, file, signal);
}

/** The file at `path` when it has the very bytes of `file`; the question after every lost reply. */
export async function findHolding(
  { client }: DropboxAccess,
  path: string,
  file: Pick<FileDigest, 'sizeBytes' | 'contentHash'>,
  signal: AbortSignal | undefined,
): Promise<RemoteFile | undefined> {
  const found = await lookUpFile(client, path, signal);
  return found !== undefined && holds(found, file) ? found : undefined;
}

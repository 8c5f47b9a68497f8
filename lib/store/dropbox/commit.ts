// What is to become visible in Dropbox, and how to find out whether it did.
import type { FileDigest } from '../../files/digest.ts';
import type { StoreName } from '../store.ts';
import type { DropboxAccess } from './access.ts';
import { lookUntil } from './look.ts';
import { NoObject, type RemoteFile } from './metadata.ts';
import type { Seen } from './recent.ts';
import type { files } from './sdk.ts';

/** What is to become visible, and where. */
export interface CommitOrder {
  access: DropboxAccess;
  name: StoreName;
  path: string;
  file: FileDigest;
  /** What it replaces: that very revision, and nothing that comes in between. */
  before: RemoteFile | undefined;
  signal: AbortSignal;
}

/**
 * How a file is committed. `add` with `autorename` off refuses to overwrite, `update` replaces one revision, and both take
 * the same bytes a second time without a conflict, so that they may be repeated.
 */
export function commitInfo({ path, before }: CommitOrder): files.CommitInfo {
  const mode: files.WriteMode =
    before === undefined ? { '.tag': 'add' } : { '.tag': 'update', update: before.rev };
  return { path, mode, autorename: false, mute: true };
}

/** Whether the very bytes of `file` are there; the answer to every lost reply. */
export function holds(remote: RemoteFile, file: Pick<FileDigest, 'sizeBytes' | 'contentHash'>): boolean {
  return remote.sizeBytes === file.sizeBytes && remote.contentHash === file.contentHash;
}

/** Looks once whether a commit whose reply was lost was carried out. */
export async function findCommitted({
  access,
  path,
  file,
  signal,
}: CommitOrder): Promise<RemoteFile | undefined> {
  return heldBy(await lookUntil(access, path, () => true, signal), file);
}

/**
 * The same, where the answer has to be certain: to send everything again would be the price, or to refuse a name that is
 * ours. A look that sees nothing, or what was there before, may be older than the commit, and is made again for a while.
 */
export async function findCommittedInTheEnd({
  access,
  path,
  file,
  before,
  signal,
}: Omit<CommitOrder, 'name' | 'file'> & {
  file: Pick<FileDigest, 'sizeBytes' | 'contentHash'>;
}): Promise<RemoteFile | undefined> {
  const isNew = (seen: Seen) => seen !== undefined && (seen instanceof NoObject || seen.rev !== before?.rev);
  return heldBy(await lookUntil(access, path, isNew, signal), file);
}

function heldBy(seen: Seen, file: Pick<FileDigest, 'sizeBytes' | 'contentHash'>): RemoteFile | undefined {
  return seen !== undefined && !(seen instanceof NoObject) && holds(seen, file) ? seen : undefined;
}

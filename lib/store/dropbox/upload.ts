// A file on its way into Dropbox: in one call when it is small, otherwise in an upload session that survives a crash.
import { OpsError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { requireUnchanged } from '../../files/hash-file.ts';
import type { PutOptions, Stored, StoreName } from '../store.ts';
import { quoteName } from '../name.ts';
import { nameTaken } from '../refusals.ts';
import { bodyOf, chunkHash } from './chunk.ts';
import { DropboxFailure } from './failure.ts';
import { type CommitOrder, commitInfo, findCommitted, holds } from './commit.ts';
import { lookUp, lookUpFile, type RemoteFile, remoteFile, storedAs } from './metadata.ts';
import { pathOf, samePath } from './paths.ts';
import type { DropboxAccess } from './access.ts';
import { sendInSession } from './upload-session.ts';

/** Up to one block of the content hash a single call is quicker than a session, and as safe to repeat. */
const singleCallBytesMax = 4 * 1024 * 1024;

/** Puts the bytes of `file` under `name`; see `Store.put`. The bytes are not sent when Dropbox has them there already. */
export async function uploadFile(
  access: DropboxAccess,
  name: StoreName,
  given: FileDigest,
  options: PutOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  const { replace = false } = options;
  const path = pathOf(access.folder, name);
  const file = await requireUnchanged(given, { signal: options.signal });
  const before = await lookUp(access.client, path, options.signal);
  if (before === 'folder') throw nameTaken(name, { where: 'Dropbox', why: 'a folder has that name' });
  if (before !== undefined && !replace) throw nameTaken(name, { where: 'Dropbox', why: 'it exists already' });
  if (before !== undefined && holds(before, file)) {
    // A run that was killed right after its commit has left its note.
    await access.notes.forget(file);
    options.onProgress?.(file.sizeBytes);
    return storedAs(name, before);
  }
  const order: CommitOrder = {
    access,
    name,
    path,
    file,
    replace,
    signal: access.client.signalFor(options.signal),
  };
  try {
    const committed =
      file.sizeBytes <= singleCallBytesMax
        ? await sendAtOnce(order)
        : await sendInSession(order, options.onProgress ?? (() => undefined));
    const proven = await requireCommitted(order, committed, before);
    options.onProgress?.(file.sizeBytes);
    return storedAs(name, proven);
  } catch (error) {
    if (error instanceof DropboxFailure && error.has('conflict')) return reconcileConflict(order, error);
    throw error;
  }
}

async function sendAtOnce(order: CommitOrder): Promise<RemoteFile> {
  const { access, file, signal } = order;
  const range = { from: 0, to: file.sizeBytes };
  const content_hash = await chunkHash(file, range);
  return access.client.callFor(
    (calls) => calls.filesUpload({ ...commitInfo(order), content_hash, contents: bodyOf(file, range) }),
    remoteFile,
    { signal, settle: () => findCommitted(order) },
  );
}

/**
 * A commit counts only when Dropbox's own metadata says that our bytes have our name. Otherwise it is taken back: a
 * new name is removed, and a file that was replaced is restored. Returns the metadata that says so.
 */
async function requireCommitted(
  order: CommitOrder,
  committed: RemoteFile,
  before: RemoteFile | undefined,
): Promise<RemoteFile> {
  const { access, path, file, name } = order;
  const isOurs = holds(committed, file);
  if (isOurs && samePath(committed.path, path)) return committed;
  // The reply may be wrong where the file is right, and a name may be folded in a way that JavaScript does not know.
  const found = await lookUpFile(access.client, path, order.signal);
  if (found !== undefined) {
    if (holds(found, file)) return found;
    if (found.rev === committed.rev) await takeBack(order, found, before);
  }
  const hint = 'run it again; what was stored before is untouched';
  if (isOurs) {
    await removeStray(order, committed);
    const where = quoteName(committed.path);
    throw new OpsError(
      'damaged',
      `cannot store ${quoteName(name)} in Dropbox: it came to lie under another name, ${where}`,
      { hint },
    );
  }
  throw new OpsError(
    'damaged',
    `cannot store ${quoteName(name)} in Dropbox: what arrived there is not what was sent ` +
      `(${committed.sizeBytes} bytes with content hash ${committed.contentHash.slice(0, 12)}…, sent were ` +
      `${file.sizeBytes} with ${file.contentHash.slice(0, 12)}…)`,
    { hint },
  );
}

/** Our bytes under a name that nobody asked for: that very revision goes, or stays where it is somebody else's by now. */
async function removeStray({ access, signal }: CommitOrder, { path, rev }: RemoteFile): Promise<void> {
  try {
    await access.client.call((calls) => calls.filesDeleteV2({ path, parent_rev: rev }), { signal });
  } catch (error) {
    if (!(error instanceof DropboxFailure)) throw error;
    access.log.warn('a file under a name that nobody asked for is left', { path, cause: error.message });
  }
}

async function takeBack(
  { access, path, signal }: CommitOrder,
  wrong: RemoteFile,
  before: RemoteFile | undefined,
) {
  if (before === undefined) {
    await access.client.call((calls) => calls.filesDeleteV2({ path, parent_rev: wrong.rev }), { signal });
  } else await access.client.call((calls) => calls.filesRestore({ path, rev: before.rev }), { signal });
}

/** A conflict is success when the same bytes are there: an earlier try of ours was carried out after all. */
async function reconcileConflict(order: CommitOrder, conflict: DropboxFailure): Promise<Stored> {
  const found = await findCommitted(order);
  if (found !== undefined) {
    await order.access.notes.forget(order.file);
    return storedAs(order.name, found);
  }
  const why = conflict.has('file_ancestor')
    ? 'a file has the name of one of its folders'
    : conflict.has('folder')
      ? 'a folder has that name'
      : 'it exists already';
  throw nameTaken(order.name, { where: 'Dropbox', why, cause: conflict });
}

// A file on its way into Dropbox: in one call when it is small, otherwise in an upload session that survives a crash.
import { OpsError } from '../../base/errors.ts';
import type { FileDigest } from '../../files/digest.ts';
import { requireUnchanged } from '../../files/hash-file.ts';
import type { PutOptions, Stored, StoreName } from '../store.ts';
import { quoteName } from '../name.ts';
import { nameTaken } from '../refusals.ts';
import type { DropboxAccess } from './access.ts';
import { bodyOf, chunkHash } from './chunk.ts';
import { type CommitOrder, commitInfo, findCommitted, findCommittedInTheEnd, holds } from './commit.ts';
import { DropboxFailure } from './failure.ts';
import { lookUp, lookUpFile, waitAgain } from './look.ts';
import { NoObject, type RemoteFile, remoteFile, storedAs } from './metadata.ts';
import { isAt, isNamed, pathOf } from './paths.ts';
import { takeBack } from './take-back.ts';
import { altered, mismatchesMax, sendInSession } from './upload-session.ts';

/** Up to one block of the content hash a single call is quicker than a session, and as safe to repeat. */
const singleCallBytesMax = 4 * 1024 * 1024;

/** A commit that is not what was sent is taken back and made once more before it counts as damage. */
const commitsMax = 2;

/** Puts the bytes of `file` under `name`; see `Store.put`. The bytes are not sent when Dropbox has them there already. */
export async function uploadFile(
  access: DropboxAccess,
  name: StoreName,
  given: FileDigest,
  options: PutOptions,
): Promise<Stored> {
  options.signal?.throwIfAborted();
  const { onProgress = () => undefined } = options;
  const path = pathOf(access.folder, name);
  const file = await requireUnchanged(given, { signal: options.signal });
  const before = await requireFree(access, name, path, options);
  if (before !== undefined && holds(before, file)) {
    // A run that was killed right after its commit has left its note.
    await access.notes.forget(file);
    onProgress(file.sizeBytes);
    return storedAs(name, before);
  }
  const order: CommitOrder = {
    access,
    name,
    path,
    file,
    before,
    signal: access.client.signalFor(options.signal),
  };
  const committed = await commit(order, onProgress);
  access.recent.wrote(path, committed, before);
  onProgress(file.sizeBytes);
  return storedAs(name, committed);
}

/** What is replaced, if anything is. Throws OpsError `refused` for a name that must not be taken. */
async function requireFree(
  access: DropboxAccess,
  name: StoreName,
  path: string,
  { replace = false, signal }: PutOptions,
): Promise<RemoteFile | undefined> {
  const before = await lookUp(access, path, signal);
  if (before instanceof NoObject) throw nameTaken(name, { where: 'Dropbox', why: before.why });
  if (before !== undefined && !replace) throw nameTaken(name, { where: 'Dropbox', why: 'it exists already' });
  return before;
}

/** Sends, and returns what Dropbox has then: the very bytes under the very name. */
async function commit(first: CommitOrder, onProgress: (doneBytes: number) => void): Promise<RemoteFile> {
  const { access, path, file, signal } = first;
  let order = first;
  const send = file.sizeBytes <= singleCallBytesMax ? sendAtOnce : sendInSession;
  try {
    for (let commits = 1; ; commits += 1) {
      const committed = await send(order, onProgress);
      const proven = await proveCommitted(order, committed);
      if (proven !== undefined) return proven;
      if (commits === commitsMax) throw notAsSent(order, committed);
      await requireUnchanged({ ...file, identity: undefined }, { signal });
      // What was restored is a revision of its own.
      order = { ...first, before: await lookUpFile(access, path, signal) };
      if (order.before?.contentHash !== first.before?.contentHash) throw notAsSent(order, committed);
    }
  } catch (error) {
    if (error instanceof DropboxFailure && error.has('conflict')) return reconcileConflict(order, error);
    throw error;
  }
}

async function sendAtOnce(order: CommitOrder): Promise<RemoteFile> {
  const { access, file, signal } = order;
  const range = { from: 0, to: file.sizeBytes };
  const content_hash = await chunkHash(file, range);
  for (let mismatches = 0; ; mismatches += 1) {
    try {
      return await access.client.call(
        (calls) => calls.filesUpload({ ...commitInfo(order), content_hash, contents: bodyOf(file, range) }),
        remoteFile,
        { signal, settle: () => findCommitted(order) },
      );
    } catch (error) {
      if (!(error instanceof DropboxFailure) || !error.has('content_hash_mismatch')) throw error;
      // Either it was damaged on its way, or the file is no longer the one that was hashed.
      await requireUnchanged({ ...file, identity: undefined }, { signal });
      if (mismatches === mismatchesMax || !(await waitAgain(access, mismatches, signal)))
        throw altered(order, error);
    }
  }
}

/**
 * A commit counts only when Dropbox's own metadata says that our bytes have our name; returns the metadata that says so.
 * Otherwise it is taken back: undefined then. Throws OpsError `damaged` where our bytes came to lie elsewhere.
 */
async function proveCommitted(order: CommitOrder, committed: RemoteFile): Promise<RemoteFile | undefined> {
  const { access, path, file, signal } = order;
  const isOurs = holds(committed, file);
  if (isOurs && isAt(committed.path, path) && isNamed(committed.path, path)) return committed;
  // The reply may be wrong where the file is right, and a name may be folded in a way that JavaScript does not know.
  const found = isOurs ? await findCommittedInTheEnd(order) : await lookUpFile(access, path, signal);
  if (found !== undefined && holds(found, file)) return found;
  await takeBack(order, committed, found);
  if (!isOurs) return undefined;
  throw new OpsError(
    'damaged',
    `cannot store ${quoteName(order.name)} in Dropbox: it came to lie under another name, ${quoteName(committed.path)}`,
    { hint: 'run it again; what was stored before is untouched' },
  );
}

function notAsSent({ name, file }: CommitOrder, { sizeBytes, contentHash }: RemoteFile): OpsError {
  return new OpsError(
    'damaged',
    `cannot store ${quoteName(name)} in Dropbox: what arrived there is not what was sent, ${commitsMax} times ` +
      `(${sizeBytes} bytes with content hash ${contentHash.slice(0, 12)}…, sent were ` +
      `${file.sizeBytes} with ${file.contentHash.slice(0, 12)}…)`,
    { hint: 'run it again; what was stored before is untouched' },
  );
}

/** A conflict is success when the same bytes are there: an earlier try of ours was carried out after all. */
async function reconcileConflict(order: CommitOrder, conflict: DropboxFailure): Promise<RemoteFile> {
  const found = await findCommittedInTheEnd(order);
  if (found !== undefined) {
    await order.access.notes.forget(order.file);
    return found;
  }
  const inTheWay = order.before === undefined ? 'it exists already' : 'somebody replaced it meanwhile';
  const why = conflict.has('file_ancestor')
    ? 'a file has the name of one of its folders'
    : conflict.has('folder')
      ? 'a folder has that name'
      : inTheWay;
  throw nameTaken(order.name, { where: 'Dropbox', why, cause: conflict });
}

// An upload session, from its start (or from where an earlier run left it) to the commit. Data travels in appends
// only: a start or a finish that fails would waste what it carried, and those are the calls that Dropbox throttles.
import { OpsError } from '../../base/errors.ts';
import { requireUnchanged } from '../../files/hash-file.ts';
import { quoteName } from '../name.ts';
import { bodyOf, chunkHash, createChunkSize, type Range, rangeFrom } from './chunk.ts';
import { DropboxFailure } from './failure.ts';
import { type CommitOrder, commitInfo, findCommitted, findCommittedInTheEnd } from './commit.ts';
import { waitAgain } from './look.ts';
import { type RemoteFile, remoteFile } from './metadata.ts';
import { readNothing, readReply } from './replies.ts';

/** How often a session may be begun anew, and what is sent be found different. */
const restartsMax = 3;
export const mismatchesMax = 3;

/** Sends the file and commits it. Throws DropboxFailure, or OpsError when the file is not what was hashed. */
export async function sendInSession(
  order: CommitOrder,
  onProgress: (doneBytes: number) => void,
): Promise<RemoteFile> {
  const { access, file } = order;
  for (let restarts = 0; ; restarts += 1) {
    const session = await openSession(order);
    let isSent = false;
    try {
      await sendRest(order, session, onProgress);
      isSent = true;
      const committed = await finish(order, session);
      await access.notes.forget(file);
      if (session.isResumed) await requireFresh(order);
      return committed;
    } catch (error) {
      if (!isSessionLost(error)) throw error;
      await access.notes.forget(file);
      // A session is also gone when its commit was carried out and the reply was lost: then to look in vain once is no
      // reason to send everything again.
      const committed = await (isSent ? findCommittedInTheEnd(order) : findCommitted(order));
      if (committed !== undefined) return committed;
      if (restarts === restartsMax || !(await waitAgain(access, restarts, order.signal)))
        throw lostAgain(order, error);
      access.log.info('the upload session is gone; the upload begins anew', { name: order.name });
    }
  }
}

/**
 * What an earlier run left may have been committed then, and Dropbox may say so once more of a file that is no longer
 * there. Throws the DropboxFailure of a session that is gone.
 */
async function requireFresh(order: CommitOrder): Promise<void> {
  if ((await findCommittedInTheEnd(order)) !== undefined) return;
  throw new DropboxFailure('endpoint', 'the upload session was used up before', { tags: ['closed'] });
}

function lostAgain({ name }: CommitOrder, cause: unknown): OpsError {
  return new OpsError(
    'unavailable',
    `cannot store ${quoteName(name)} in Dropbox: it loses the upload session, ${restartsMax + 1} times in a row`,
    { hint: 'run it again later; what was stored before is untouched', cause },
  );
}

/** A session, and how many bytes of the file it holds. */
interface Session {
  id: string;
  offset: number;
  /** An earlier run began it. */
  isResumed: boolean;
}

async function openSession(order: CommitOrder): Promise<Session> {
  const { access, file, path } = order;
  const known = await access.notes.find(file, path);
  const offset = known === undefined ? undefined : await probe(order, { id: known, offset: 0 });
  if (known !== undefined && offset !== undefined) {
    access.log.info('going on with an upload that was interrupted', { name: order.name, sent_bytes: offset });
    return { id: known, offset, isResumed: true };
  }
  const id = await access.client.call(
    (calls) => calls.filesUploadSessionStart({ close: false }),
    (reply) => readReply(reply, (fields) => fields.text('session_id')),
    // The session of a lost reply holds nothing, and goes by itself.
    { signal: order.signal },
  );
  await access.notes.remember(file, path, id);
  return { id, offset: 0, isResumed: false };
}

/** How many bytes the session holds: asked by appending nothing. Undefined when it is gone or not usable. */
async function probe(
  order: CommitOrder,
  { id, offset }: Pick<Session, 'id' | 'offset'>,
): Promise<number | undefined> {
  const { access, file, signal } = order;
  const cursor = { session_id: id, offset };
  try {
    const content_hash = await chunkHash(file, { from: 0, to: 0 });
    await access.client.call(
      (calls) => calls.filesUploadSessionAppendV2({ cursor, content_hash, contents: '' }),
      readNothing,
      { signal },
    );
    return offset;
  } catch (error) {
    if (!(error instanceof DropboxFailure)) throw error;
    if (error.has('closed')) return file.sizeBytes;
    const held = heldBytes(error, order);
    if (held !== undefined) return held;
    if (isSessionLost(error) || error.correctOffset !== undefined) return undefined;
    throw error;
  }
}

/** Where the session says it stands, as long as that lies within the file. */
function heldBytes({ correctOffset }: DropboxFailure, { file }: CommitOrder): number | undefined {
  const isWithin = correctOffset !== undefined && correctOffset >= 0 && correctOffset <= file.sizeBytes;
  return isWithin ? correctOffset : undefined;
}

async function sendRest(
  order: CommitOrder,
  session: Session,
  onProgress: (doneBytes: number) => void,
): Promise<void> {
  const { file, access, signal } = order;
  const chunkSize = createChunkSize(access.clock);
  let [mismatches, standstills, furthest] = [0, 0, session.offset];
  while (session.offset < file.sizeBytes) {
    onProgress(session.offset);
    const range = rangeFrom(session.offset, file.sizeBytes, chunkSize.bytes);
    const sent = chunkSize.start();
    const outcome = await append(order, session, range, (bytes) => onProgress(range.from + bytes));
    if (outcome.failure === undefined) sent(range.to - range.from);
    else chunkSize.shrink();
    if (outcome.offset <= session.offset && !(await waitAgain(access, standstills++, signal)))
      throw outcome.failure ?? new DropboxFailure('server', 'the upload does not get any further');
    session.offset = outcome.offset;
    // To and fro is no progress: only what was never there before counts.
    if (session.offset > furthest) [standstills, furthest] = [0, session.offset];
    if (outcome.failure?.has('content_hash_mismatch')) {
      // Either it was damaged on its way, or the file is no longer the one that was hashed.
      await requireUnchanged({ ...file, identity: undefined }, { signal: order.signal });
      mismatches += 1;
    }
    if (mismatches > mismatchesMax) throw altered(order, outcome.failure);
  }
  onProgress(file.sizeBytes);
}

/** What arrives is something else, ever again. */
export function altered({ name }: CommitOrder, cause?: DropboxFailure): OpsError {
  return new OpsError(
    'damaged',
    `cannot store ${quoteName(name)} in Dropbox: what arrives there is not what was sent, ${mismatchesMax + 1} times`,
    { hint: 'something between here and Dropbox alters it; try another network', cause },
  );
}

/** Where the session stands after an append, and what went wrong with it, if anything did. */
interface Appended {
  offset: number;
  failure: DropboxFailure | undefined;
}

async function append(
  order: CommitOrder,
  session: Session,
  range: Range,
  onSent: (bytes: number) => void,
): Promise<Appended> {
  const { access, file, signal } = order;
  const cursor = { session_id: session.id, offset: range.from };
  const content_hash = await chunkHash(file, range);
  const settle = async (): Promise<Appended | undefined> => {
    const offset = await probe(order, { id: session.id, offset: range.from });
    if (offset === undefined)
      throw new DropboxFailure('endpoint', 'the upload session is gone', { tags: ['not_found'] });
    // Exactly where it was: the call may be repeated as it is. Anywhere else, another range comes next.
    return offset === range.from ? undefined : { offset, failure: undefined };
  };
  try {
    return await access.client.call<Appended>(
      (calls) =>
        calls.filesUploadSessionAppendV2({
          cursor,
          content_hash,
          contents: watched(bodyOf(file, range), onSent),
        }),
      (reply) => {
        readNothing(reply);
        return { offset: range.to, failure: undefined };
      },
      { signal, settle },
    );
  } catch (error) {
    if (!(error instanceof DropboxFailure)) throw error;
    const held = heldBytes(error, order);
    if (held !== undefined) return { offset: held, failure: error };
    if (error.has('closed')) return { offset: file.sizeBytes, failure: undefined };
    if (error.has('content_hash_mismatch')) return { offset: range.from, failure: error };
    throw error;
  }
}

function watched(
  body: ReturnType<typeof bodyOf>,
  onSent: (bytes: number) => void,
): ReturnType<typeof bodyOf> {
  return {
    sizeBytes: body.sizeBytes,
    async *open() {
      let bytes = 0;
      for await (const piece of body.open()) {
        yield piece;
        bytes += piece.length;
        onSent(bytes);
      }
    },
  };
}

/** The commit: the only call that makes something visible. */
async function finish(order: CommitOrder, session: Session): Promise<RemoteFile> {
  const { access, file, signal } = order;
  const arg = {
    cursor: { session_id: session.id, offset: file.sizeBytes },
    commit: commitInfo(order),
    contents: '',
  };
  return access.client.call((calls) => calls.filesUploadSessionFinish(arg), remoteFile, {
    signal,
    settle: () => findCommitted(order),
  });
}

/** Gone, closed before all was in it, or holding something else than this file: only a new one helps. */
function isSessionLost(error: unknown): boolean {
  if (!(error instanceof DropboxFailure) || error.kind !== 'endpoint') return false;
  if (error.has('path') || error.has('conflict')) return false;
  return ['not_found', 'closed', 'not_closed', 'incorrect_offset', 'too_large'].some((tag) => error.has(tag));
}

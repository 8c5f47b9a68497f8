// From an upload session, or a body, to a file.
import type { Part } from './blobs.ts';
import type { FileEntry } from './entries.ts';
import { under, type Tagged } from './replies.ts';
import type { Caller } from './service.ts';
import { checkBody, lengthOf, SessionRefused, type UploadCursor } from './upload-sessions.ts';
import { freeName, resolvePath, writeFile, WriteRefused, type Commit } from './write.ts';

/** What finish and every entry of a finish_batch carry. */
export interface Finish {
  cursor: UploadCursor;
  commit: Commit;
  content_hash?: string;
}

/** Commits one upload session. Throws a SessionRefused or a WriteRefused. */
export function finishSession(caller: Caller, finish: Finish, rule: { closedRequired: boolean }): FileEntry {
  const { sessions } = caller.service;
  const again = alreadyCommitted(caller, finish);
  if (again !== undefined) return again;
  const cursor = withLastBody(caller, finish);
  const session = sessions.requireFinished(cursor, rule.closedRequired);
  return commitParts(caller, finish.commit, {
    parts: session.parts.map(({ part }) => part),
    committed: (file) => sessions.markCommitted(session, { pathLower: file.pathLower, rev: file.rev }),
  });
}

/** The UploadSessionFinishError for what finishSession threw; undefined for anything else. */
export function finishError(error: unknown): Tagged | undefined {
  if (error instanceof WriteRefused) return under('path', error.error);
  if (!(error instanceof SessionRefused)) return undefined;
  const tag = error.error['.tag'];
  const ofTheFinish = tag.startsWith('concurrent_session_') || /^(content_hash_mis|payload_too_)/.test(tag);
  return ofTheFinish ? error.error : under('lookup_failed', error.error);
}

interface Uploaded {
  parts: readonly Part[];
  /** Runs in the same transaction. */
  committed?: (file: FileEntry) => void;
}

export function commitParts(caller: Caller, commit: Commit, { parts, committed }: Uploaded): FileEntry {
  const { service, effects } = caller;
  const contentHash = service.blobs.contentHash(parts);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const path = effects.has('autorenameSurprise')
    ? freeName(service.namespace, resolvePath(service.namespace, commit.path))
    : commit.path;
  const written = service.atomically(() => {
    const file = writeFile(service, { ...commit, path }, { contentHash, size });
    const surplus = service.blobs.keep(contentHash, parts);
    committed?.(file);
    return { file, surplus };
  });
  service.blobs.remove(written.surplus);
  return written.file;
}

export function appendBody(
  { service, body, request }: Caller,
  cursor: UploadCursor,
  { close, contentHash }: { close: boolean; contentHash?: string | undefined },
): void {
  service.sessions.append({ cursor, close, contentHash, body, request: request.number });
}

/** Appends the body of a finish before the commit is tried: it stays appended when the commit fails. */
function withLastBody(caller: Caller, { cursor, content_hash }: Finish): UploadCursor {
  const { service, body } = caller;
  const session = service.sessions.require(cursor.session_id);
  if (body.length === 0) {
    checkBody(body, content_hash);
    return cursor;
  }
  if (session.concurrent) throw new SessionRefused('concurrent_session_data_not_allowed');
  const keep = service.switches.hashMismatchOnFinishKeepsBody && lengthOf(session) === cursor.offset;
  appendBody(caller, cursor, { close: false, contentHash: keep ? undefined : content_hash });
  checkBody(body, content_hash);
  return { ...cursor, offset: cursor.offset + body.length };
}

function alreadyCommitted({ service }: Caller, { cursor }: Finish): FileEntry | undefined {
  const committed = service.sessions.peek(cursor.session_id)?.committed;
  if (committed === undefined || service.switches.afterCommit !== 'idempotent') return undefined;
  return service.namespace.revision(committed.rev);
}

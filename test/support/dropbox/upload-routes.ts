// files/upload and the upload sessions' routes.
import type { Part } from './blobs.ts';
import { metadata, type FileEntry } from './entries.ts';
import { endpointError, json, under, type Reply, type Tagged } from './replies.ts';
import type { ReceivedBody } from './request-body.ts';
import type { Call, Caller, Handler, Service } from './service.ts';
import {
  checkBody,
  lengthOf,
  SessionRefused,
  type UploadCursor,
  type UploadSession,
} from './upload-sessions.ts';
import { freeName, resolvePath, writeFile, WriteRefused, type Commit } from './write.ts';

/** What finish and every entry of a finish_batch carry. */
export interface Finish {
  cursor: UploadCursor;
  commit: Commit;
  content_hash?: string;
}

function upload(call: Call<Commit & { content_hash?: string }>): Reply {
  const { service, argument, body } = call;
  noteData(call, argument.content_hash);
  noteAutorename(call, argument);
  checkPlainBody(call, argument.content_hash);
  const parts = body.part === undefined ? [] : [body.part];
  try {
    return json(metadata(commitParts(call, argument, parts)));
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
    // The data is not lost: a finish with this session can commit it elsewhere.
    const session = service.sessions.start({ concurrent: false, closed: false });
    append(call, { session_id: session.id, offset: 0 }, { close: true });
    throw endpointError({ '.tag': 'path', reason: error.error, upload_session_id: session.id });
  }
}

interface Start {
  close: boolean;
  session_type?: Tagged | null;
  content_hash?: string;
}

function start(call: Call<Start>): Reply {
  const { service, argument, body } = call;
  const concurrent = argument.session_type?.['.tag'] === 'concurrent';
  noteData(call, argument.content_hash);
  noteDataOutsideAppend(call);
  if (concurrent && body.length > 0) throw refused(call, 'concurrent_session_data_not_allowed');
  if (concurrent && argument.close) throw refused(call, 'concurrent_session_close_not_allowed');
  checkPlainBody(call, argument.content_hash);
  const session = service.sessions.start({ concurrent, closed: false });
  if (body.length > 0 || argument.close) {
    append(call, { session_id: session.id, offset: 0 }, { close: argument.close });
  }
  return json({ session_id: session.id });
}

function startBatch({
  service,
  argument,
}: Call<{ num_sessions: number; session_type?: Tagged | null }>): Reply {
  const concurrent = argument.session_type?.['.tag'] === 'concurrent';
  const sessions = Array.from({ length: argument.num_sessions }, () =>
    service.sessions.start({ concurrent, closed: false }),
  );
  return json({ session_ids: sessions.map(({ id }) => id) });
}

function appendV2(call: Call<{ cursor: UploadCursor; close: boolean; content_hash?: string }>): Reply {
  const { cursor, close, content_hash } = call.argument;
  noteData(call, content_hash);
  forgetIfScripted(call, cursor);
  try {
    append(call, cursor, { close, contentHash: content_hash });
  } catch (error) {
    throw error instanceof SessionRefused ? endpointError(error.error) : error;
  }
  return json(null);
}

function appendV1(call: Call<UploadCursor>): Reply {
  return appendV2({ ...call, argument: { cursor: call.argument, close: false } });
}

function finish(call: Call<Finish>): Reply {
  const { argument } = call;
  noteData(call, argument.content_hash);
  noteDataOutsideAppend(call);
  noteAutorename(call, argument.commit);
  forgetIfScripted(call, argument.cursor);
  try {
    return json(metadata(finishOne(call, argument, { closedRequired: false })));
  } catch (error) {
    const refusal = finishError(error);
    throw refusal === undefined ? error : endpointError(refusal);
  }
}

/** Commits one upload session. Throws a SessionRefused or a WriteRefused. */
export function finishOne(
  call: Caller,
  finish: Finish,
  { closedRequired }: { closedRequired: boolean },
): FileEntry {
  const { service } = call;
  const again = alreadyCommitted(service, finish);
  if (again !== undefined) return again;
  const cursor = withLastBody(call, finish);
  const session = service.sessions.requireFinished(cursor, closedRequired);
  const parts = session.parts.map(({ part }) => part);
  const file = commitParts(call, finish.commit, parts);
  service.sessions.markCommitted(session, { pathLower: file.pathLower, rev: file.rev });
  return file;
}

/** The UploadSessionFinishError for what finishOne threw. */
export function finishError(error: unknown): Tagged | undefined {
  if (error instanceof WriteRefused) return under('path', error.error);
  if (!(error instanceof SessionRefused)) return undefined;
  const tag = error.error['.tag'];
  const ownTags = ['content_hash_mismatch', 'payload_too_large'];
  return tag.startsWith('concurrent_session_') || ownTags.includes(tag)
    ? error.error
    : under('lookup_failed', error.error);
}

/** Appends the body of a finish, before the commit is tried: it stays appended when the commit fails. */
function withLastBody(call: Caller, { cursor, content_hash }: Finish): UploadCursor {
  const { service, body } = call;
  const session = service.sessions.require(cursor.session_id);
  if (body.length === 0) {
    checkBody(body, content_hash);
    return cursor;
  }
  if (session.concurrent) {
    service.blobs.discard(body.part);
    throw new SessionRefused('concurrent_session_data_not_allowed');
  }
  const keep = service.switches.hashMismatchOnFinishKeepsBody && lengthOf(session) === cursor.offset;
  const mismatch = content_hash !== undefined && content_hash !== body.contentHash;
  append(call, cursor, { close: false, contentHash: keep ? undefined : content_hash });
  if (mismatch) throw new SessionRefused('content_hash_mismatch');
  return { ...cursor, offset: cursor.offset + body.length };
}

function alreadyCommitted(
  { sessions, switches, namespace }: Service,
  { cursor }: Finish,
): FileEntry | undefined {
  const committed = sessions.peek(cursor.session_id)?.committed;
  if (committed === undefined || switches.afterCommit !== 'idempotent') return undefined;
  return namespace.revision(committed.rev);
}

function append(
  { service, body, request }: Caller,
  cursor: UploadCursor,
  { close, contentHash }: { close: boolean; contentHash?: string | undefined },
): void {
  service.sessions.append({ cursor, close, contentHash, body, request: request.number });
}

function commitParts(call: Caller, commit: Commit, parts: readonly Part[]): FileEntry {
  const { service, effects } = call;
  const contentHash = service.blobs.contentHash(parts);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const path = effects.has('autorenameSurprise')
    ? freeName(service.namespace, resolvePath(service.namespace, commit.path))
    : commit.path;
  const file = writeFile(service, { ...commit, path }, { contentHash, size });
  service.blobs.keep(contentHash, parts);
  return file;
}

/** Refuses a body outside upload sessions; what the part holds is gone then. */
function checkPlainBody(call: Caller, contentHash: string | undefined): void {
  try {
    checkBody(call.body, contentHash);
  } catch (error) {
    call.service.blobs.discard(call.body.part);
    throw error instanceof SessionRefused ? endpointError(error.error) : error;
  }
}

function refused(call: Caller, tag: string): Error {
  call.service.blobs.discard(call.body.part);
  return endpointError({ '.tag': tag });
}

function noteData(
  { service, request, body }: { service: Service; request: Call['request']; body: ReceivedBody },
  hash: string | undefined,
): void {
  if (body.length > 0 && hash === undefined) {
    service.violations.add('no-content-hash', request, `${body.length} bytes without a content_hash`);
  }
}

function noteDataOutsideAppend({ service, request, body }: Caller): void {
  if (body.length > 0) {
    service.violations.add('data-outside-append', request, `${body.length} bytes belong into append_v2`);
  }
}

export function noteAutorename({ service, request }: Caller, commit: { autorename: boolean }): void {
  if (commit.autorename) service.violations.add('autorename', request, 'asked for another name on conflict');
}

function forgetIfScripted({ service, effects }: Caller, cursor: UploadCursor): void {
  if (effects.has('sessionForget')) service.sessions.forget(cursor.session_id);
}

/** Which upload sessions are open, for tests. */
export function isOpen(session: UploadSession): boolean {
  return session.committed === undefined;
}

export const uploadRoutes = {
  'files/upload': upload,
  'files/upload_session/start': start,
  'files/upload_session/start_batch': startBatch,
  'files/upload_session/append': appendV1,
  'files/upload_session/append_v2': appendV2,
  'files/upload_session/finish': finish,
} satisfies Record<string, Handler>;

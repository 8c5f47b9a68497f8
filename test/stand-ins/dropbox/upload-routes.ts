// files/upload and the upload sessions' routes.
import { metadata } from './entries.ts';
import { endpointError, json, type Reply, type Tagged } from './replies.ts';
import type { Call, Caller, Handler } from './service.ts';
import { appendBody, commitParts, finishError, finishSession, type Finish } from './upload-commit.ts';
import { checkBody, SessionRefused, type UploadCursor } from './upload-sessions.ts';
import { WriteRefused, type Commit } from './write.ts';

function upload(call: Call<Commit & { content_hash?: string }>): Reply {
  const { service, argument, body } = call;
  noteData(call, argument.content_hash);
  noteAutorename(call, argument);
  checkPlainBody(call, argument.content_hash);
  try {
    return json(metadata(commitParts(call, argument, { parts: body.part === undefined ? [] : [body.part] })));
  } catch (error) {
    if (!(error instanceof WriteRefused)) throw error;
    // The data is not lost: a finish with this session can commit it elsewhere.
    const { id } = service.sessions.start({ concurrent: false, closed: false });
    appendBody(call, { session_id: id, offset: 0 }, { close: true, contentHash: argument.content_hash });
    throw endpointError({ '.tag': 'path', reason: error.error, upload_session_id: id });
  }
}

interface Start {
  close: boolean;
  session_type?: Tagged | null;
  content_hash?: string;
}

function start(call: Call<Start>): Reply {
  const { service, argument, body } = call;
  const { close, content_hash: contentHash } = argument;
  const concurrent = argument.session_type?.['.tag'] === 'concurrent';
  noteData(call, contentHash);
  noteDataOutsideAppend(call);
  if (concurrent && body.length > 0) throw endpointError({ '.tag': 'concurrent_session_data_not_allowed' });
  if (concurrent && close) throw endpointError({ '.tag': 'concurrent_session_close_not_allowed' });
  checkPlainBody(call, contentHash);
  const { id } = service.sessions.start({ concurrent, closed: false });
  if (body.length > 0 || close) appendBody(call, { session_id: id, offset: 0 }, { close, contentHash });
  return json({ session_id: id });
}

function startBatch({ service, argument }: Call<{ num_sessions: number } & Start>): Reply {
  const concurrent = argument.session_type?.['.tag'] === 'concurrent';
  const sessions = Array.from({ length: argument.num_sessions }, () =>
    service.sessions.start({ concurrent, closed: false }),
  );
  return json({ session_ids: sessions.map(({ id }) => id) });
}

function appendV2(call: Call<{ cursor: UploadCursor; close: boolean; content_hash?: string }>): Reply {
  const { cursor, close, content_hash: contentHash } = call.argument;
  noteData(call, contentHash);
  forgetIfScripted(call, cursor);
  try {
    appendBody(call, cursor, { close, contentHash });
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
    return json(metadata(finishSession(call, argument, { closedRequired: false })));
  } catch (error) {
    const refusal = finishError(error);
    throw refusal === undefined ? error : endpointError(refusal);
  }
}

function checkPlainBody({ body }: Caller, contentHash: string | undefined): void {
  try {
    checkBody(body, contentHash);
  } catch (error) {
    throw error instanceof SessionRefused ? endpointError(error.error) : error;
  }
}

function noteData({ service, request, body }: Caller, contentHash: string | undefined): void {
  if (body.length > 0 && contentHash === undefined) {
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

export const uploadRoutes = {
  'files/upload': upload,
  'files/upload_session/start': start,
  'files/upload_session/start_batch': startBatch,
  'files/upload_session/append': appendV1,
  'files/upload_session/append_v2': appendV2,
  'files/upload_session/finish': finish,
} satisfies Record<string, Handler>;

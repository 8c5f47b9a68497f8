// Routes that take several entries at once. They answer 200 even when entries fail: each one has its own result.
import { randomBytes } from 'node:crypto';
import type { Part } from './blobs.ts';
import { deleteEntry, type Deletion } from './change-routes.ts';
import { metadata, taggedMetadata } from './entries.ts';
import { endpointError, json, Refusal, type Reply, type Tagged } from './replies.ts';
import type { Call, Caller, Handler } from './service.ts';
import { finishError, finishOne, noteAutorename, type Finish } from './upload-routes.ts';
import { SessionRefused, type UploadCursor } from './upload-sessions.ts';

/** Jobs of the routes that may answer later; a result is fetched once or more. */
const jobs = new Map<string, { route: string; result: object; asked: number }>();

function finishBatchV2(call: Call<{ entries: Finish[] }>): Reply {
  return json({ entries: call.argument.entries.map((entry, index) => finishEntry(call, entry, index)) });
}

function finishBatch(call: Call<{ entries: Finish[] }>): Reply {
  const entries = call.argument.entries.map((entry, index) => finishEntry(call, entry, index));
  return launch(call, { entries });
}

function finishEntry(call: Caller, entry: Finish, index: number): object {
  const contention = call.effects.one('tooManyWrites');
  noteAutorename(call, entry.commit);
  if (contention?.as === 'entry' && (contention.entries?.includes(index) ?? true)) {
    return failure({ '.tag': 'too_many_write_operations' });
  }
  try {
    const file = finishOne(call, entry, { closedRequired: true });
    return { '.tag': 'success', ...metadata(file) };
  } catch (error) {
    const refusal = finishError(error);
    if (refusal === undefined) throw error;
    return failure(refusal);
  }
}

function deleteBatch(call: Call<{ entries: Deletion[] }>): Reply {
  const contention = call.effects.one('tooManyWrites');
  const entries = call.argument.entries.map((entry, index) => {
    if (contention?.as === 'entry' && (contention.entries?.includes(index) ?? true)) {
      return failure({ '.tag': 'too_many_write_operations' });
    }
    try {
      return { '.tag': 'success', metadata: taggedMetadata(deleteEntry(call.service, entry)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return failure((JSON.parse(error.reply.body.toString()) as { error: Tagged }).error);
    }
  });
  return launch(call, { entries });
}

interface AppendBatch {
  entries: { cursor: UploadCursor; length: number; close: boolean }[];
  content_hash?: string;
}

/** The body is all entries' data, one after the other; it is split into parts of its own. */
function appendBatch(call: Call<AppendBatch>): Reply {
  const { service, argument, body, request } = call;
  const wanted = argument.entries.reduce((sum, entry) => sum + entry.length, 0);
  const problem = body.tooLarge
    ? 'payload_too_large'
    : argument.content_hash !== undefined && argument.content_hash !== body.contentHash
      ? 'content_hash_mismatch'
      : wanted !== body.length
        ? 'length_mismatch'
        : undefined;
  if (body.length > 0 && argument.content_hash === undefined) {
    service.violations.add('no-content-hash', request, `${body.length} bytes without a content_hash`);
  }
  if (problem !== undefined) {
    service.blobs.discard(body.part);
    throw endpointError({ '.tag': problem });
  }
  const bytes = body.part === undefined ? Buffer.alloc(0) : service.blobs.readPart(body.part);
  service.blobs.discard(body.part);
  let offset = 0;
  const entries = argument.entries.map((entry) => {
    const piece = bytes.subarray(offset, (offset += entry.length));
    const part: Part | undefined = piece.length === 0 ? undefined : service.blobs.write(piece);
    const split = { length: piece.length, contentHash: '', tooLarge: false, cut: body.cut };
    try {
      service.sessions.append({
        cursor: entry.cursor,
        close: entry.close,
        body: part === undefined ? split : { ...split, part },
        request: request.number,
      });
      return { '.tag': 'success' };
    } catch (error) {
      if (!(error instanceof SessionRefused)) throw error;
      return failure(error.error);
    }
  });
  return json({ entries });
}

function launch({ service, route }: Caller, result: object): Reply {
  if (!service.switches.asyncJobs) return json({ '.tag': 'complete', ...result });
  const id = `dbjid:${randomBytes(24).toString('base64url')}`;
  jobs.set(id, { route, result, asked: 0 });
  return json({ '.tag': 'async_job_id', async_job_id: id });
}

/** In progress at the first question, complete from the second on. */
function check({ argument, route }: Call<{ async_job_id: string }>): Reply {
  const job = jobs.get(argument.async_job_id);
  if (job === undefined || `${job.route}/check` !== route) {
    throw endpointError({ '.tag': 'invalid_async_job_id' });
  }
  job.asked += 1;
  return json(job.asked === 1 ? { '.tag': 'in_progress' } : { '.tag': 'complete', ...job.result });
}

function failure(error: Tagged): object {
  return { '.tag': 'failure', failure: error };
}

export const batchRoutes = {
  'files/upload_session/append_batch': appendBatch,
  'files/upload_session/finish_batch': finishBatch,
  'files/upload_session/finish_batch/check': check,
  'files/upload_session/finish_batch_v2': finishBatchV2,
  'files/delete_batch': deleteBatch,
  'files/delete_batch/check': check,
} satisfies Record<string, Handler>;

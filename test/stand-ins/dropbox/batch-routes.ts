// Routes that take several entries at once. They answer 200 even when entries fail: each one has its own result.
import { randomBytes } from 'node:crypto';
import { deleteEntry, type Deletion } from './change-routes.ts';
import { metadata, taggedMetadata } from './entries.ts';
import { endpointError, json, Refusal, type Reply, type Tagged } from './replies.ts';
import type { Call, Caller, Handler } from './service.ts';
import { finishError, finishSession, type Finish } from './upload-commit.ts';
import { noteAutorename } from './upload-routes.ts';
import { SessionRefused, type UploadCursor } from './upload-sessions.ts';

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
    const file = finishSession(call, entry, { closedRequired: true });
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
  if (body.length > 0 && argument.content_hash === undefined) {
    service.violations.add('no-content-hash', request, `${body.length} bytes without a content_hash`);
  }
  const problem = batchProblem(call);
  if (problem !== undefined) throw endpointError({ '.tag': problem });
  const bytes = body.part === undefined ? Buffer.alloc(0) : service.blobs.readPart(body.part);
  let offset = 0;
  const entries = argument.entries.map(({ cursor, length, close }) => {
    const piece = bytes.subarray(offset, (offset += length));
    const part = piece.length === 0 ? {} : { part: service.blobs.write(piece) };
    const split = { length: piece.length, contentHash: '', tooLarge: false, cut: false, ...part };
    try {
      service.sessions.append({ cursor, close, body: split, request: request.number });
      return { '.tag': 'success' };
    } catch (error) {
      service.blobs.discardLoose(split.part);
      if (!(error instanceof SessionRefused)) throw error;
      return failure(error.error);
    }
  });
  return json({ entries });
}

function batchProblem({ argument, body }: Call<AppendBatch>): string | undefined {
  if (body.tooLarge) return 'payload_too_large';
  if (argument.content_hash !== undefined && argument.content_hash !== body.contentHash) {
    return 'content_hash_mismatch';
  }
  const announced = argument.entries.reduce((sum, { length }) => sum + length, 0);
  return announced === body.length ? undefined : 'length_mismatch';
}

function launch({ service, route }: Caller, result: object): Reply {
  if (!service.switches.asyncJobs) return json({ '.tag': 'complete', ...result });
  const id = `dbjid:${randomBytes(24).toString('base64url')}`;
  service.jobs.set(id, { route, result, asked: 0 });
  return json({ '.tag': 'async_job_id', async_job_id: id });
}

/** In progress at the first question, complete from the second on. */
function check({ service, argument, route }: Call<{ async_job_id: string }>): Reply {
  const job = service.jobs.get(argument.async_job_id);
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

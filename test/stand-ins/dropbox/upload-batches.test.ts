// Several upload sessions at once: each entry has its own result.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { linked, tagsOf } from './linked.ts';

const finish = 'files/upload_session/finish';
const commit = { path: '/a.db' };

describe('batches', () => {
  test('finish_batch_v2 commits closed sessions, each entry with its own result', async () => {
    const { standIn, caller } = await linked();
    const closed = await caller.session(someBytes(10), { close: true });
    const unclosed = await caller.session(someBytes(10));
    const lost = { session_id: 'pid_upload_session:x', offset: 0 };
    const entries = [closed, unclosed, lost].map((cursor, index) => ({
      cursor,
      commit: { path: `/${index}` },
    }));
    const { status, json } = await caller.rpc('files/upload_session/finish_batch_v2', { entries });
    expect(status).toBe(200);
    expect(json.entries).toMatchObject([
      { '.tag': 'success', path_lower: '/0', size: 10 },
      { '.tag': 'failure', failure: { '.tag': 'lookup_failed', lookup_failed: { '.tag': 'not_closed' } } },
      { '.tag': 'failure', failure: { '.tag': 'lookup_failed', lookup_failed: { '.tag': 'not_found' } } },
    ]);
    expect(standIn.files.list()).toHaveLength(1);
  });

  test('finish_batch may be a job', async () => {
    const { standIn, caller } = await linked();
    const entry = async (path: string) => ({
      cursor: await caller.session(someBytes(9), { close: true }),
      commit: { path },
    });
    const batch = 'files/upload_session/finish_batch';
    const now = await caller.rpc(batch, { entries: [await entry('/now')] });
    expect(now.json).toMatchObject({ '.tag': 'complete', entries: [{ '.tag': 'success' }] });
    standIn.switches.asyncJobs = true;
    const { json } = await caller.rpc(batch, { entries: [await entry('/later')] });
    const { async_job_id } = json as { async_job_id: string };
    expect((await caller.rpc(`${batch}/check`, { async_job_id })).json).toEqual({ '.tag': 'in_progress' });
    expect((await caller.rpc(`${batch}/check`, { async_job_id })).json).toMatchObject({ '.tag': 'complete' });
    expect(tagsOf(await caller.rpc(`${batch}/check`, { async_job_id: 'x' }))).toBe('invalid_async_job_id');
  });

  test('start_batch and append_batch', async () => {
    const { standIn, caller } = await linked();
    const { json } = await caller.rpc('files/upload_session/start_batch', { num_sessions: 2 });
    const [first, second] = (json as { session_ids: [string, string] }).session_ids;
    const entry = (session_id: string, length: number, offset = 0) => ({
      cursor: { session_id, offset },
      length,
      close: true,
    });
    const route = 'files/upload_session/append_batch';
    const body = Buffer.from('onetwo');
    const short = await caller.upload(route, { entries: [entry(first, 3)] }, body);
    expect(tagsOf(short)).toBe('length_mismatch');
    const appended = await caller.upload(route, { entries: [entry(first, 3), entry(second, 3, 9)] }, body);
    expect(appended.json.entries).toEqual([
      { '.tag': 'success' },
      { '.tag': 'failure', failure: { '.tag': 'incorrect_offset', correct_offset: 0 } },
    ]);
    await caller.upload(finish, { cursor: { session_id: first, offset: 3 }, commit });
    expect(standIn.files.bytes('/a.db').toString()).toBe('one');
  });

  test('the deprecated append still works', async () => {
    const { standIn, caller } = await linked();
    const session_id = (await caller.session(Buffer.alloc(0))).session_id;
    await caller.raw('files/upload_session/append', { session_id, offset: 0 }, 'abc');
    expect(standIn.sessions).toMatchObject([{ length: 3 }]);
  });
});

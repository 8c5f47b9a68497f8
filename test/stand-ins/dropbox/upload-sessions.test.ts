// The state machines of upload sessions: what is refused, in which order, and what is kept of it.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import type { Caller } from './caller.ts';
import { blockSize, contentHashOf } from './content-hash.ts';
import { linked, tagsOf } from './linked.ts';
import type { Switches } from './switches.ts';

const append = 'files/upload_session/append_v2';
const finish = 'files/upload_session/finish';
const commit = { path: '/a.db' };

async function open(caller: Caller, argument: object = {}): Promise<string> {
  const { json } = await caller.upload('files/upload_session/start', argument);
  return (json as { session_id: string }).session_id;
}

describe('a sequential upload session', () => {
  test('grows by appends, in any pieces, and becomes a file with the hash of the whole', async () => {
    const { standIn, caller } = await linked();
    const bytes = someBytes(blockSize + 12_345);
    const session_id = await open(caller);
    expect(session_id).toMatch(/^pid_upload_session:[\w-]{50}$/);
    for (const [start, end] of [
      [0, 1000],
      [1000, 1000],
      [1000, blockSize],
      [blockSize, bytes.length],
    ] as const) {
      const piece = bytes.subarray(start, end);
      expect(await caller.upload(append, { cursor: { session_id, offset: start } }, piece)).toMatchObject({
        status: 200,
        text: 'null',
        headers: { 'content-type': 'application/json' },
      });
    }
    const finished = await caller.upload(finish, { cursor: { session_id, offset: bytes.length }, commit });
    expect(finished.json).toMatchObject({ size: bytes.length, content_hash: contentHashOf(bytes) });
    expect(finished.json).not.toHaveProperty(['.tag']);
    expect(standIn.files.bytes('/a.db').equals(bytes)).toBe(true);
    expect(standIn.sessions).toMatchObject([{ id: session_id, committed: true, closed: true }]);
    expect(standIn.sessions[0]?.journal.map(({ offset, length }) => [offset, length])).toEqual([
      [0, 1000],
      [1000, 0],
      [1000, blockSize - 1000],
      [blockSize, 12_345],
    ]);
  });

  test('refuses in the order not_found, closed, incorrect_offset, content_hash_mismatch, and keeps nothing', async () => {
    const { standIn, caller } = await linked();
    const bytes = someBytes(100);
    const wrong = { content_hash: contentHashOf(someBytes(99)) };
    const at = (session_id: string, offset: number) => ({ cursor: { session_id, offset }, ...wrong });
    expect(tagsOf(await caller.upload(append, at('pid_upload_session:x', 7), bytes))).toBe('not_found');
    const closed = (await caller.session(bytes, { close: true })).session_id;
    expect(tagsOf(await caller.upload(append, at(closed, 7), bytes))).toBe('closed');
    const { session_id } = await caller.session(bytes);
    const offset = await caller.upload(append, at(session_id, 7), bytes);
    expect(offset).toMatchObject({
      status: 409,
      json: { error: { '.tag': 'incorrect_offset', correct_offset: 100 } },
    });
    expect(tagsOf(await caller.upload(append, at(session_id, 100), bytes))).toBe('content_hash_mismatch');
    expect(standIn.sessions.find(({ id }) => id === session_id)).toMatchObject({ length: 100 });
  });

  test('does not take more than 150 MiB at a time, announced or not', async () => {
    const { standIn, caller } = await linked();
    const block = Buffer.alloc(1024 * 1024);
    const cursor = { session_id: await open(caller), offset: 0 };
    const pieces = (count: number) => Array.from({ length: count }, () => block);
    const ofZeros = (length: number) => contentHashOf(Buffer.alloc(length));
    const most = await caller.raw(append, { cursor, content_hash: ofZeros(150 << 20) }, pieces(150));
    expect(most).toMatchObject({ status: 200 });
    const more = { cursor: { ...cursor, offset: 150 << 20 } };
    expect(tagsOf(await caller.raw(append, more, [...pieces(150), Buffer.alloc(1)]))).toBe(
      'payload_too_large',
    );
    expect(standIn.sessions[0]?.length).toBe(150 << 20);
    expect(standIn.violations.map(({ kind }) => kind)).toEqual(['unbounded-body', 'no-content-hash']);
  });

  test('is gone after seven days, and not before', async () => {
    const { standIn, caller } = await linked();
    const cursor = await caller.session(someBytes(10));
    standIn.clock.advance(7 * 86_400 - 10);
    const token = standIn.newAccessToken();
    expect(await caller.upload(append, { cursor }, undefined, { token })).toMatchObject({ status: 200 });
    standIn.clock.advance(10);
    expect(tagsOf(await caller.upload(append, { cursor }, undefined, { token }))).toBe('not_found');
    expect(tagsOf(await caller.upload(finish, { cursor, commit }, undefined, { token }))).toBe(
      'lookup_failed/not_found',
    );
  });

  test('finish takes a last body, which stays appended when the path is refused', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/folder/file', 'x');
    const cursor = await caller.session(someBytes(10));
    const last = Buffer.from('the end');
    const refused = await caller.upload(finish, { cursor, commit: { path: '/folder' } }, last);
    expect(refused).toMatchObject({
      status: 409,
      json: { error: { '.tag': 'path', path: { '.tag': 'conflict', conflict: { '.tag': 'folder' } } } },
    });
    expect(standIn.sessions).toMatchObject([{ length: 17, closed: false }]);
    expect(tagsOf(await caller.upload(finish, { cursor, commit }))).toBe('lookup_failed/incorrect_offset');
    const advanced = { ...cursor, offset: 17 };
    expect(await caller.upload(finish, { cursor: advanced, commit })).toMatchObject({
      status: 200,
      json: { size: 17 },
    });
    expect(standIn.files.bytes('/a.db').subarray(10).toString()).toBe('the end');
  });

  test.each([
    [false, 10],
    [true, 17],
  ])('finish with a wrong hash; the body stays appended: %s', async (keeps, length) => {
    const { standIn, caller } = await linked();
    standIn.switches.hashMismatchOnFinishKeepsBody = keeps;
    const cursor = await caller.session(someBytes(10));
    const wrong = { cursor, commit, content_hash: contentHashOf(Buffer.from('other')) };
    expect(tagsOf(await caller.upload(finish, wrong, Buffer.from('the end')))).toBe('content_hash_mismatch');
    expect(standIn.sessions[0]?.length).toBe(length);
    expect(standIn.files.list()).toEqual([]);
  });

  test.each<[Switches['afterCommit'], string, string]>([
    ['not_found', 'not_found', 'lookup_failed/not_found'],
    ['closed', 'closed', 'lookup_failed/closed'],
    ['idempotent', 'closed', ''],
  ])(
    'says after its commit, with the switch at %s: %s to an append, %s to a finish',
    async (afterCommit, ...tags) => {
      const { standIn, caller } = await linked();
      standIn.switches.afterCommit = afterCommit;
      const cursor = await caller.session(someBytes(10));
      const first = await caller.upload(finish, { cursor, commit });
      const again = [
        await caller.upload(append, { cursor }, someBytes(5)),
        await caller.upload(finish, { cursor, commit }),
      ];
      expect(again.map(tagsOf)).toEqual(tags);
      if (afterCommit === 'idempotent') expect(again[1]?.json).toEqual(first.json);
      expect(standIn.files.revisions('/a.db')).toHaveLength(1);
    },
  );
});

describe('a concurrent upload session', () => {
  test('is filled in any order, and its last range comes with close', async () => {
    const { standIn, caller } = await linked();
    const bytes = someBytes(2 * blockSize + 5);
    const session_id = await open(caller, { session_type: 'concurrent' });
    const put = (offset: number, end: number, close = false) =>
      caller.upload(append, { cursor: { session_id, offset }, close }, bytes.subarray(offset, end));
    expect(await put(blockSize, 2 * blockSize)).toMatchObject({ status: 200 });
    const early = { cursor: { session_id, offset: bytes.length }, commit };
    expect(tagsOf(await caller.upload(finish, early))).toBe('concurrent_session_not_closed');
    expect(await put(0, blockSize)).toMatchObject({ status: 200 });
    expect(await put(0, blockSize)).toMatchObject({ status: 200 });
    expect(await put(2 * blockSize, bytes.length, true)).toMatchObject({ status: 200 });
    expect(tagsOf(await put(0, blockSize))).toBe('closed');
    const withData = await caller.upload(finish, early, Buffer.from('x'));
    expect(tagsOf(withData)).toBe('concurrent_session_data_not_allowed');
    const short = { ...early, cursor: { session_id, offset: 5 } };
    expect(tagsOf(await caller.upload(finish, short))).toBe('lookup_failed/incorrect_offset');
    expect(await caller.upload(finish, early)).toMatchObject({ status: 200 });
    expect(standIn.files.list()).toMatchObject([{ contentHash: contentHashOf(bytes) }]);
  });

  test('has rules of its own', async () => {
    const { caller } = await linked();
    const start = (argument: object, body?: Buffer) =>
      caller.upload('files/upload_session/start', { session_type: 'concurrent', ...argument }, body);
    expect(tagsOf(await start({}, Buffer.from('x')))).toBe('concurrent_session_data_not_allowed');
    expect(tagsOf(await start({ close: true }))).toBe('concurrent_session_close_not_allowed');
    const session_id = await open(caller, { session_type: 'concurrent' });
    const put = (offset: number, body: Buffer, close = false) =>
      caller.upload(append, { cursor: { session_id, offset }, close }, body);
    expect(tagsOf(await put(5, Buffer.alloc(blockSize)))).toBe('concurrent_session_invalid_offset');
    expect(tagsOf(await put(0, Buffer.alloc(5)))).toBe('concurrent_session_invalid_data_size');
    expect(await put(blockSize, Buffer.alloc(5), true)).toMatchObject({ status: 200 });
    const hole = { cursor: { session_id, offset: blockSize + 5 }, commit };
    expect(tagsOf(await caller.upload(finish, hole))).toBe('concurrent_session_missing_data');
  });
});

test('nothing of a refused or discarded body stays on the disk', async () => {
  const { caller, standIn } = await linked();
  const { session_id } = await caller.session(someBytes(10));
  const wrong = { cursor: { session_id, offset: 3 } };
  await caller.upload(append, wrong, someBytes(2_000_000));
  await caller.upload('files/upload', { path: '/same' }, someBytes(1000));
  await caller.upload('files/upload', { path: '/same' }, someBytes(1000));
  expect(standIn.partsOnDisk()).toHaveLength(2);
});

// Answers that are wrong, and refusals of a service under load.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { linked, tagsOf } from './linked.ts';

const append = 'files/upload_session/append_v2';
const finish = 'files/upload_session/finish';
const bytes = someBytes(1_000_000);

describe('an answer that lies', () => {
  test('about what was done: replyAfterApply, html200', async () => {
    const { standIn, caller } = await linked();
    const route = 'files/upload';
    standIn.fault({ route, action: { kind: 'replyAfterApply', status: 500 } });
    standIn.fault({ route, nth: 2, action: { kind: 'html200' } });
    standIn.fault({ route, nth: 3, action: { kind: 'html200', afterApply: true } });
    const put = (path: string) => caller.upload(route, { path }, bytes);
    expect(await put('/a')).toMatchObject({ status: 500, text: '' });
    expect(await put('/b')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect((await put('/c')).text).toContain('Hotel Wi-Fi');
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/a', '/c']);
  });

  test.each(['content_hash', 'size', 'path', 'rev'] as const)('about the metadata: %s', async (change) => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: /./, times: 3, action: { kind: 'wrongMetadata', change } });
    const uploaded = await caller.upload('files/upload', { path: '/a' }, bytes);
    const [file] = standIn.files.list();
    const truth = { content_hash: file?.contentHash, size: file?.size, path: '/a', rev: file?.rev }[change];
    const field = change === 'path' ? 'path_lower' : change;
    expect(uploaded.json[field]).not.toBe(truth);
    expect((await caller.rpc('files/get_metadata', { path: '/a' })).json[field]).not.toBe(truth);
    const downloaded = await caller.download({ path: '/a' });
    expect(JSON.parse(String(downloaded.headers['dropbox-api-result']))[field]).not.toBe(truth);
  });

  test('about the place: another name though nothing was in the way', async () => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'files/upload', action: { kind: 'autorenameSurprise' } });
    const { json } = await caller.upload('files/upload', { path: '/a.db' }, bytes);
    expect(json.path_lower).toBe('/a (2).db');
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/a (2).db']);
  });

  test('about the bytes: corrupt, truncated, the whole file, another file', async () => {
    const { standIn, caller } = await linked();
    const { rev } = standIn.files.write('/a', bytes);
    const get = async (...actions: Parameters<typeof standIn.fault>[0]['action'][]) => {
      for (const action of actions) standIn.fault({ route: 'files/download', action });
      return caller.download({ path: '/a' }, { Range: 'bytes=500000-' });
    };
    const rest = bytes.subarray(500_000);
    const corrupt = await get({ kind: 'corruptByte', at: 400_000 });
    expect([corrupt.bytes.length, corrupt.bytes.equals(rest)]).toEqual([rest.length, false]);
    expect(corrupt.bytes.subarray(0, 400_000).equals(rest.subarray(0, 400_000))).toBe(true);
    expect(corrupt.bytes.subarray(400_001).equals(rest.subarray(400_001))).toBe(true);
    await expect(get({ kind: 'truncateResponse', bytes: 100_000 })).rejects.toThrow('aborted');
    const short = await get({ kind: 'truncateResponse', bytes: 100_000, complete: true });
    expect(short).toMatchObject({ status: 206, headers: { 'content-length': '100000' } });
    const whole = await get({ kind: 'ignoreRange' }, { kind: 'missingResultHeader' });
    expect([whole.status, whole.bytes.length]).toEqual([200, bytes.length]);
    expect(whole.headers['dropbox-api-result']).toBeUndefined();
    const other = await get({ kind: 'changeFileBetweenRanges' });
    expect(other.bytes.equals(rest)).toBe(false);
    expect(other.bytes).toHaveLength(rest.length);
    const pinned = await caller.download({ path: `rev:${rev}` }, { Range: 'bytes=500000-' });
    expect(pinned.bytes.equals(rest)).toBe(true);
  });
});

describe('a service under load', () => {
  test.each([
    ['json', '7', { error: { reason: { '.tag': 'too_many_requests' }, retry_after: 7 } }],
    ['json-without-header', undefined, { error: { retry_after: 7 } }],
    ['plain', '7', undefined],
    ['plain-without-header', undefined, undefined],
  ] as const)('answers 429 as %s', async (form, header, json) => {
    const { standIn, caller } = await linked();
    standIn.fault({ route: 'files/upload', action: { kind: 'tooManyRequests', form, retryAfterSeconds: 7 } });
    const answer = await caller.upload('files/upload', { path: '/a' }, bytes);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, header]);
    if (json === undefined) expect(answer.json).toBeUndefined();
    else expect(answer.json).toMatchObject(json);
    expect(standIn.files.list()).toEqual([]);
    expect(standIn.partsOnDisk()).toEqual([]);
  });

  test('has too many write operations: as 429, as 409, in an entry', async () => {
    const { standIn, caller } = await linked();
    const cursor = await caller.session(bytes, { close: true });
    const commit = { path: '/a' };
    standIn.fault({ route: finish, action: { kind: 'tooManyWrites', as: '429' } });
    standIn.fault({ route: finish, nth: 2, action: { kind: 'tooManyWrites', as: '409' } });
    const limited = await caller.upload(finish, { cursor, commit });
    expect(limited).toMatchObject({
      status: 429,
      json: { error: { reason: { '.tag': 'too_many_write_operations' } } },
    });
    const refused = await caller.upload(finish, { cursor, commit });
    expect([refused.status, tagsOf(refused)]).toEqual([409, 'too_many_write_operations']);
    const batch = 'files/upload_session/finish_batch_v2';
    standIn.fault({ route: batch, action: { kind: 'tooManyWrites', as: 'entry', entries: [0] } });
    const second = await caller.session(bytes, { close: true });
    const { json } = await caller.rpc(batch, {
      entries: [
        { cursor, commit },
        { cursor: second, commit: { path: '/b' } },
      ],
    });
    expect(json.entries).toMatchObject([
      { '.tag': 'failure', failure: { '.tag': 'too_many_write_operations' } },
      { '.tag': 'success' },
    ]);
    expect(standIn.files.list().map(({ path }) => path)).toEqual(['/b']);
  });

  test('forgets an upload session', async () => {
    const { standIn, caller } = await linked();
    const cursor = await caller.session(bytes);
    standIn.fault({ route: append, action: { kind: 'sessionForget' } });
    expect(tagsOf(await caller.upload(append, { cursor }, bytes))).toBe('not_found');
    expect([standIn.sessions, standIn.partsOnDisk()]).toEqual([[], []]);
  });
});

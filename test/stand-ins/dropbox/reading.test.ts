// Reading: metadata, whole and partial downloads, revisions, and which results carry a tag.
import { describe, expect, test } from 'vitest';
import { someBytes } from '../../support/some-bytes.ts';
import { contentHashOf } from './content-hash.ts';
import { linked, tagsOf } from './linked.ts';

const bytes = someBytes(300_000);

describe('a download', () => {
  test('has the bytes, and the metadata in an ASCII header', async () => {
    const { standIn, caller } = await linked();
    const { rev, id } = standIn.files.write('/Ümlaut.db', bytes);
    const answer = await caller.download({ path: '/ümlaut.db' });
    expect(answer.bytes.equals(bytes)).toBe(true);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': '300000',
        'original-content-length': '300000',
        'accept-ranges': 'bytes',
        etag: `W/"${rev}"`,
      },
    });
    const header = String(answer.headers['dropbox-api-result']);
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(header)).toMatchObject({
      id,
      rev,
      path_display: '/Ümlaut.db',
      content_hash: contentHashOf(bytes),
    });
    expect(JSON.parse(header)).not.toHaveProperty(['.tag']);
    for (const path of [id, `rev:${rev}`, '//ümlaut.db']) {
      expect((await caller.download({ path })).bytes.equals(bytes)).toBe(true);
    }
  });

  test.each([
    ['bytes=0-9', 206, 0, 10, 'bytes 0-9/300000'],
    ['bytes=299990-', 206, 299_990, 300_000, 'bytes 299990-299999/300000'],
    ['bytes=-5', 206, 299_995, 300_000, 'bytes 299995-299999/300000'],
    ['bytes=100-999999', 206, 100, 300_000, 'bytes 100-299999/300000'],
    ['bytes=0-1,5-6', 200, 0, 300_000, undefined],
    ['lines=1-2', 200, 0, 300_000, undefined],
    ['bytes=9-5', 200, 0, 300_000, undefined],
  ])('with Range %s: %i', async (range, status, start, end, contentRange) => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', bytes);
    const answer = await caller.download({ path: '/a' }, { Range: range });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-range']).toBe(contentRange);
    expect(answer.bytes.equals(bytes.subarray(start, end))).toBe(true);
    expect(standIn.requests[0]?.range).toBe(range);
  });

  test('of a range beyond the end: 416', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/a', bytes);
    standIn.files.write('/empty', '');
    const answer = await caller.download({ path: '/a' }, { Range: 'bytes=300000-' });
    expect(answer).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */300000' } });
    expect(await caller.download({ path: '/empty' }, { Range: 'bytes=0-' })).toMatchObject({ status: 416 });
    expect(await caller.download({ path: '/empty' })).toMatchObject({ status: 200, text: '' });
  });

  test('that the client has already: 304', async () => {
    const { standIn, caller } = await linked();
    const { rev } = standIn.files.write('/a', bytes);
    const ifNoneMatch = { 'If-None-Match': `"x", W/"${rev}"` };
    expect(await caller.download({ path: '/a' }, ifNoneMatch)).toMatchObject({ status: 304, text: '' });
    standIn.files.write('/a', 'changed');
    expect(await caller.download({ path: '/a' }, ifNoneMatch)).toMatchObject({
      status: 200,
      text: 'changed',
    });
  });

  test.each([
    ['/nothing', 'path/not_found'],
    ['/folder', 'path/not_file'],
    ['/folder/', 'path/malformed_path'],
    ['id:nothing', 'path/not_found'],
    ['rev:0123456789', 'path/not_found'],
  ])('of %s: %s', async (path, tags) => {
    const { standIn, caller } = await linked();
    standIn.files.write('/folder/file', bytes);
    expect(tagsOf(await caller.download({ path }))).toBe(tags);
  });

  test('goes across the parts of a file', async () => {
    const { caller } = await linked();
    const cursor = await caller.session(bytes.subarray(0, 100_000));
    const rest = bytes.subarray(100_000);
    await caller.upload('files/upload_session/finish', { cursor, commit: { path: '/a' } }, rest);
    expect((await caller.download({ path: '/a' })).bytes.equals(bytes)).toBe(true);
    const range = await caller.download({ path: '/a' }, { Range: 'bytes=99999-100000' });
    expect(range.bytes.equals(bytes.subarray(99_999, 100_001))).toBe(true);
  });
});

describe('metadata', () => {
  test('carries its tag, for files, folders and what was deleted', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/Folder/a.db', bytes);
    const get = (path: string, more: object = {}) => caller.rpc('files/get_metadata', { path, ...more });
    expect((await get('/folder/A.DB')).json).toEqual({
      '.tag': 'file',
      name: 'a.db',
      path_lower: '/folder/a.db',
      path_display: '/Folder/a.db',
      id: expect.stringMatching(/^id:[\w-]{22}$/),
      client_modified: expect.any(String),
      server_modified: expect.any(String),
      rev: expect.stringMatching(/^[0-9a-f]{9,}$/),
      size: bytes.length,
      is_downloadable: true,
      content_hash: contentHashOf(bytes),
    });
    const folder = { '.tag': 'folder', name: 'Folder', path_lower: '/folder', path_display: '/Folder' };
    expect((await get('/folder')).json).toEqual({ ...folder, id: expect.any(String) });
    standIn.files.remove('/folder');
    expect(tagsOf(await get('/folder/a.db'))).toBe('path/not_found');
    expect((await get('/folder/a.db', { include_deleted: true })).json).toEqual({
      '.tag': 'deleted',
      name: 'a.db',
      path_lower: '/folder/a.db',
      path_display: '/Folder/a.db',
    });
  });

  test('does not exist for the root', async () => {
    const { caller } = await linked();
    // The pattern lets no empty path through; an id or a namespace can still name the root.
    const { status, text } = await caller.rpc('files/get_metadata', { path: 'ns:123' });
    expect({ status, text }).toEqual({
      status: 400,
      text: 'Error in call to API function "files/get_metadata": request body: path: The root folder is unsupported.',
    });
  });
});

describe('revisions', () => {
  test('are listed newest first, of what is there and of what was deleted', async () => {
    const { standIn, caller } = await linked();
    const revs = ['one', 'two', 'three'].map((text) => standIn.files.write('/f/a', text).rev).reverse();
    const list = (more: object = {}) => caller.rpc('files/list_revisions', { path: '/f/a', ...more });
    const all = await list();
    expect(all.json).toMatchObject({ is_deleted: false, has_more: false });
    expect((all.json.entries as { rev: string }[]).map(({ rev }) => rev)).toEqual(revs);
    expect((await list({ limit: 1 })).json).toMatchObject({ has_more: true, entries: [{ rev: revs[0] }] });
    expect((await list({ limit: 1, before_rev: revs[0] })).json).toMatchObject({
      entries: [{ rev: revs[1] }],
    });
    standIn.files.remove('/f');
    expect((await list()).json).toMatchObject({ is_deleted: true, server_deleted: expect.any(String) });
    expect(tagsOf(await caller.rpc('files/list_revisions', { path: '/other' }))).toBe('path/not_found');
  });

  test('can be brought back', async () => {
    const { standIn, caller } = await linked();
    const { rev } = standIn.files.write('/a', 'old');
    standIn.files.remove('/a');
    const restored = await caller.rpc('files/restore', { path: '/a', rev });
    expect(restored).toMatchObject({ status: 200, json: { path_lower: '/a', size: 3 } });
    expect(restored.json).not.toHaveProperty(['.tag']);
    expect(standIn.files.bytes('/a').toString()).toBe('old');
    const wrong = await caller.rpc('files/restore', { path: '/b', rev });
    expect(tagsOf(wrong)).toBe('invalid_revision');
  });
});

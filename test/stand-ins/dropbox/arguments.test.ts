// Arguments that are wrong in themselves: what Dropbox says to each, to the letter.
import { describe, expect, test } from 'vitest';
import type { Sent } from './caller.ts';
import { linked } from './linked.ts';

const upload = 'files/upload';
const listFolder = 'files/list_folder';
const inBody = (route: string, problem: string) => `Error in call to API function "${route}": ${problem}`;
const inHeader = (route: string, problem: string) =>
  inBody(route, `HTTP header "Dropbox-API-Arg": ${problem}`);

/** The route, the argument, and what follows "HTTP header …: " or "request body: ". */
const badArguments: [string, unknown, string][] = [
  [upload, { path: '/a', pat: 1 }, "unknown field 'pat'"],
  [upload, {}, "missing required field 'path'"],
  [upload, { path: '/a', mode: 'update' }, "mode: expected object for 'update', got symbol"],
  [upload, { path: '/a', mode: 'replace' }, "mode: unknown tag 'replace'"],
  [upload, { path: '/a', mode: {} }, "mode: missing '.tag' key"],
  [upload, { path: '/a', mode: 1 }, 'mode: expected string or object, got integer'],
  [
    upload,
    { path: '/a', mode: { '.tag': 'update', update: 'x' } },
    "mode.update: 'x' must be at least 9 characters, got 1",
  ],
  [
    upload,
    { path: 'a' },
    String.raw`path: 'a' did not match pattern '(/(.|[\r\n])*)|(ns:[0-9]+(/.*)?)|(id:.*)'`,
  ],
  [upload, { path: 1 }, 'path: 1 expected to be a string, got integer'],
  [upload, { path: '/a', autorename: 'no' }, 'autorename: expected boolean, got string'],
  [
    upload,
    { path: '/a', client_modified: '2026-01-01T00:00:00.000Z' },
    "client_modified: time data '2026-01-01T00:00:00.000Z' does not match format '%Y-%m-%dT%H:%M:%SZ'",
  ],
  [
    upload,
    { path: '/a', client_modified: '2026-02-30T00:00:00Z' },
    "client_modified: time data '2026-02-30T00:00:00Z' does not match format '%Y-%m-%dT%H:%M:%SZ'",
  ],
  [upload, { path: '/a', content_hash: 'ab' }, "content_hash: 'ab' must be at least 64 characters, got 2"],
  [
    'files/download',
    { path: 'hello.txt' },
    String.raw`path: 'hello.txt' did not match pattern '(/(.|[\r\n])*|id:.*)|(rev:[0-9a-f]{9,})|(ns:[0-9]+(/.*)?)'`,
  ],
  [
    'files/upload_session/append_v2',
    { cursor: { session_id: 'a', offset: '0' } },
    'cursor.offset: expected integer, got string',
  ],
  ['files/upload_session/append_v2', { session_id: 'a', offset: 0 }, "unknown field 'session_id'"],
  [listFolder, { path: '', limit: 0 }, 'limit: 0 is not within range [1, 2000]'],
  [listFolder, { path: '', limit: '5' }, 'limit: expected integer, got string'],
  [listFolder, { path: '/' }, 'path: Specify the root folder as an empty string rather than as "/".'],
  [listFolder, [], 'expected object, got list'],
  ['files/list_folder/continue', { cursor: '' }, "cursor: '' must be at least 1 characters, got 0"],
  [
    'files/get_metadata',
    { path: '' },
    String.raw`path: '' did not match pattern '(/(.|[\r\n])*|id:.*)|(rev:[0-9a-f]{9,})|(ns:[0-9]+(/.*)?)'`,
  ],
  [
    'files/upload_session/finish_batch_v2',
    { entries: [{ cursor: { session_id: 'a', offset: 0 }, commit: {} }] },
    "entries[0].commit: missing required field 'path'",
  ],
  [
    'files/delete_batch',
    { entries: Array.from({ length: 1001 }, () => ({ path: '/a' })) },
    'entries: list of 1001 items has more than 1000 items',
  ],
  [
    'check/user',
    { query: 'x'.repeat(501) },
    `query: '${'x'.repeat(501)}' must be at most 500 characters, got 501`,
  ],
];

describe('arguments', () => {
  test.each(badArguments)('of %s: %j', async (route, argument, problem) => {
    const { caller } = await linked();
    const isContent = /upload$|append_v2|download/.test(route);
    const answer = isContent ? await caller.raw(route, argument, '') : await caller.rpc(route, argument);
    const expected = isContent ? inHeader(route, problem) : inBody(route, `request body: ${problem}`);
    expect(answer).toMatchObject({ status: 400, text: expected });
  });

  test.each<[string, string, Sent, string]>([
    [
      upload,
      'no argument',
      { headers: { 'Content-Type': 'application/octet-stream' } },
      'Must provide HTTP header "Dropbox-API-Arg" or URL parameter "arg".',
    ],
    [
      upload,
      'an argument that is no JSON',
      { headers: { 'Content-Type': 'application/octet-stream', 'Dropbox-API-Arg': '{' } },
      'HTTP header "Dropbox-API-Arg": could not decode input as JSON',
    ],
    [
      upload,
      'an argument that is no UTF-8',
      { headers: { 'Content-Type': 'application/octet-stream', 'Dropbox-API-Arg': '{"path":"/\xff"}' } },
      'HTTP header "Dropbox-API-Arg": could not decode input as JSON',
    ],
    [
      upload,
      'a form',
      {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'Dropbox-API-Arg': '{"path":"/a"}' },
      },
      'Bad HTTP "Content-Type" header: "application/x-www-form-urlencoded".  Expecting one of "application/octet-stream", "text/plain; charset=dropbox-cors-hack".',
    ],
    [
      listFolder,
      'a form',
      { headers: { 'Content-Type': 'text/plain' }, body: '{"path":""}' },
      'Bad HTTP "Content-Type" header: "text/plain".  Expecting one of "application/json", "application/json; charset=utf-8", "text/plain; charset=dropbox-cors-hack".',
    ],
    [
      listFolder,
      'a body that is no JSON',
      { headers: { 'Content-Type': 'application/json' }, body: '{' },
      'request body: could not decode input as JSON',
    ],
    [
      'users/get_current_account',
      'an argument where none is',
      { headers: { 'Content-Type': 'application/json' }, body: '{}' },
      'request body: expected null, got object',
    ],
    [
      listFolder,
      'a path root',
      {
        headers: { 'Content-Type': 'application/json', 'Dropbox-API-Path-Root': '{".tag":"home"}' },
        body: '{"path":""}',
      },
      'Path root is not supported for sandbox app.',
    ],
  ])('of %s: %s', async (route, _, sent, problem) => {
    const { caller } = await linked();
    expect(await caller.send(`/2/${route}`, sent)).toMatchObject({
      status: 400,
      text: inBody(route, problem),
    });
  });

  test('raw UTF-8, escapes and the URL all name the same file', async () => {
    const { standIn, caller } = await linked();
    standIn.files.write('/ü☂😀', 'x');
    const raw = Buffer.from('{"path":"/ü☂😀"}').toString('latin1');
    expect(await caller.send('/2/files/download', { headers: { 'Dropbox-API-Arg': raw } })).toMatchObject({
      text: 'x',
    });
    expect(await caller.download({ path: '/ü☂😀' })).toMatchObject({ text: 'x' });
    const query = new URLSearchParams({ arg: '{"path":"/ü☂😀"}' }).toString();
    const answer = await caller.send(`/2/files/download?${query}`, { method: 'GET' });
    expect(answer).toMatchObject({ text: 'x' });
    expect(JSON.parse(String(answer.headers['dropbox-api-result']))).toMatchObject({ path_display: '/ü☂😀' });
  });

  test('void ones are nothing at all, or null', async () => {
    const { caller } = await linked();
    for (const body of [undefined, 'null']) {
      const headers = { 'Content-Type': body === undefined ? undefined : 'application/json' };
      expect(await caller.send('/2/users/get_space_usage', { body, headers })).toMatchObject({
        status: 200,
        json: { used: 0, allocation: { '.tag': 'individual', allocated: 2e12 } },
      });
    }
  });
});

// Every form in which Dropbox, or something in between, was seen to refuse; each read as what it asks for.
import { describe, expect, test } from 'vitest';
import { type DropboxFailure, failureOf, looksLikeHtml } from '../../../../lib/store/dropbox/failure.ts';

function failed(status: number, body: unknown, headers: Record<string, string> = {}): DropboxFailure {
  return failureOf({ status, header: (name) => headers[name.toLowerCase()] ?? null, body });
}

function endpoint(...tags: string[]): object {
  const [tag = '', ...rest] = tags;
  return { '.tag': tag, ...(rest.length === 0 ? {} : { [tag]: endpoint(...rest) }) };
}

function envelope(...tags: string[]): object {
  return { error_summary: `${tags.join('/')}/..`, error: endpoint(...tags) };
}

const ours = { 'x-dropbox-request-id': '0123456789abcdef0123456789abcdef' };
const page = '<!DOCTYPE html><html><body>Please log in</body></html>';
const throttledBody = (retry_after?: number) => ({
  error_summary: 'too_many_requests/..',
  error: { reason: { '.tag': 'too_many_requests' }, ...(retry_after === undefined ? {} : { retry_after }) },
});

const now = 'Fri, 20 Nov 2026 02:05:13 GMT';
const inAMinute = 'Fri, 20 Nov 2026 02:06:13 GMT';

describe('429', () => {
  test.each([
    ['JSON with both', throttledBody(300), { 'retry-after': '300' }, 300_000],
    ['JSON without a header', throttledBody(15), {}, 15_000],
    ['JSON without retry_after', throttledBody(), { 'retry-after': '15' }, 15_000],
    ['header and body differ: the longer one', throttledBody(1), { 'retry-after': '7' }, 7_000],
    ['header and body differ: the longer one', throttledBody(9), { 'retry-after': '7' }, 9_000],
    ['plain text', 'too_many_requests/..', { 'retry-after': '4' }, 4_000],
    ['plain text without a header: the floor', 'too_many_requests/..', {}, 1_000],
    ['an empty body', '', { 'retry-after': '0' }, 1_000],
    ['nonsense', throttledBody(), { 'retry-after': 'soon' }, 1_000],
    ['less than nothing', throttledBody(-5), { 'retry-after': '-3' }, 1_000],
    ['a page of a proxy', page, { 'retry-after': '2', ...ours }, 2_000],
    ['a fraction', '', { 'retry-after': '2.5' }, 2_500],
    ['a fraction in JSON', throttledBody(1.5), {}, 1_500],
    ['a number in letters in JSON', { error: { retry_after: '6' } }, {}, 6_000],
    ['a date', '', { 'retry-after': inAMinute, date: now }, 60_000],
    ['a date of old', '', { 'retry-after': 'Friday, 20-Nov-26 02:06:13 GMT', date: now }, 60_000],
    ['a date in the past', '', { 'retry-after': now, date: inAMinute }, 1_000],
    ['a date without a clock to compare it with', '', { 'retry-after': inAMinute }, 1_000],
    ['a date that is none', '', { 'retry-after': 'Foo, 99 Bar', date: now }, 1_000],
    ['more than a number can be', '', { 'retry-after': '9'.repeat(400) }, 1_000],
    ['more than anybody waits', '', { 'retry-after': '99999999999' }, 365 * 86_400_000],
    ['more than anybody waits, in JSON', throttledBody(1e300), {}, 365 * 86_400_000],
    ['no number in JSON', { error: { retry_after: { a: 1 } } }, { 'retry-after': '0x10' }, 1_000],
  ])('%s', (_, body, headers, retryAfterMs) => {
    expect(failed(429, body, headers)).toMatchObject({ kind: 'throttled', status: 429, retryAfterMs });
  });

  test('of write contention is a wait like any other', () => {
    const body = {
      error_summary: 'too_many_write_operations/..',
      error: { reason: { '.tag': 'too_many_write_operations' }, retry_after: 1 },
    };
    expect(failed(429, body)).toMatchObject({ kind: 'throttled', retryAfterMs: 1000 });
  });
});

describe('409', () => {
  test.each([
    ['finish', ['lookup_failed', 'not_found']],
    ['finish', ['path', 'conflict', 'file']],
    ['append', ['closed']],
    ['append', ['content_hash_mismatch']],
    ['copy', ['to', 'insufficient_space']],
    ['delete', ['path_lookup', 'not_found']],
    ['list', ['reset']],
    ['an unknown tag', ['something_new']],
  ])('%s: %j', (_, tags) => {
    const failure = failed(409, envelope(...tags));
    expect(failure).toMatchObject({ kind: 'endpoint', tags, inDoubt: false });
    for (const tag of tags) expect(failure.has(tag)).toBe(true);
  });

  test("an upload's error lies under reason", () => {
    const error = {
      '.tag': 'path',
      reason: { '.tag': 'conflict', conflict: { '.tag': 'file' } },
      upload_session_id: 'AAAAAAAAAAEFo2vgKConWRA',
    };
    expect(failed(409, { error_summary: 'path/conflict/file/.', error })).toMatchObject({
      kind: 'endpoint',
      tags: ['path', 'conflict', 'file'],
    });
  });

  test.each([
    [{ '.tag': 'incorrect_offset', correct_offset: 12_556_930 }],
    [
      {
        '.tag': 'lookup_failed',
        lookup_failed: { '.tag': 'incorrect_offset', correct_offset: 12_556_930 },
      },
    ],
  ])('the offset is found at any depth: %j', (error) => {
    expect(failed(409, { error_summary: '', error })).toMatchObject({ correctOffset: 12_556_930 });
  });

  test.each([
    [['too_many_write_operations']],
    [['path', 'too_many_write_operations']],
    [['to', 'too_many_write_operations']],
    [['lookup_failed', 'too_many_write_operations']],
  ])('contention: %j', (tags) => {
    expect(failed(409, envelope(...tags))).toMatchObject({ kind: 'contended', inDoubt: false });
  });

  test('without tags is not Dropbox', () => {
    expect(failed(409, 'Conflict')).toMatchObject({ kind: 'stranger', inDoubt: true });
    expect(failed(409, { error: null })).toMatchObject({ kind: 'stranger' });
  });
});

describe('401, 403 and 400', () => {
  test.each([['expired_access_token'], ['invalid_access_token']])('%s: another token may help', (tag) => {
    expect(failed(401, envelope(tag), ours)).toMatchObject({ kind: 'token' });
  });

  test('without a body, too', () => {
    expect(failed(401, '')).toMatchObject({ kind: 'token' });
  });

  test.each([['user_suspended'], ['invalid_select_user'], ['route_access_denied']])('%s: final', (tag) => {
    expect(failed(401, envelope(tag))).toMatchObject({ kind: 'rejected', inDoubt: false });
  });

  test('missing_scope names the scope', () => {
    const error = { '.tag': 'missing_scope', required_scope: 'files.content.write' };
    expect(failed(401, { error_summary: 'missing_scope/..', error })).toMatchObject({
      kind: 'scope',
      requiredScope: 'files.content.write',
    });
  });

  test('and so does the plain text of an app without it', () => {
    const text =
      'Error in call to API function "files/upload": Your app (ID: 123) is not permitted to access this endpoint ' +
      "because it does not have the required scope 'files.content.write'. The owner of the app can enable it.";
    expect(failed(400, text, ours)).toMatchObject({ kind: 'scope', requiredScope: 'files.content.write' });
  });

  test.each([
    [400, 'Error in call to API function "files/upload": request body: missing required field \'path\''],
    [400, 'Unknown API function: "files/foo"'],
    [403, envelope('invalid_account_type', 'feature')],
    [403, envelope('no_permission')],
    [422, envelope('invalid_root')],
    [404, 'Not found'],
    [413, 'too large'],
  ])('%i is final: %j', (status, body) => {
    expect(failed(status, body, ours)).toMatchObject({ kind: 'rejected', inDoubt: false });
  });
});

describe('5xx', () => {
  test.each([
    [500, ''],
    [500, envelope('internal_error')],
    [502, page],
    [503, ''],
    [504, page],
    [408, ''],
    [599, 'odd'],
  ])('%i may have been carried out: %j', (status, body) => {
    expect(failed(status, body)).toMatchObject({ kind: 'server', inDoubt: true });
  });
});

test.each([
  [503, { 'retry-after': '30' }, 30_000],
  [503, { 'retry-after': inAMinute, date: now }, 60_000],
  [500, { 'retry-after': '0.5' }, 500],
  [503, { 'retry-after': 'soon' }, undefined],
  [503, {}, undefined],
])('%i asks to wait as well: %j', (status, headers, retryAfterMs) => {
  expect(failed(status, '', headers)).toMatchObject({ kind: 'server', retryAfterMs });
});

test.each([400, 401, 403, 404, 410, 429, 500, 503])(
  '%i says of no file that it is gone, whatever its body says',
  (status) => {
    const failure = failed(status, envelope('path', 'not_found'));
    expect([failure.has('not_found'), failure.has('path')]).toEqual([false, false]);
  },
);

test.each([
  ['an offset of another type', { '.tag': 'incorrect_offset', correct_offset: '12' }],
  ['half an offset', { '.tag': 'incorrect_offset', correct_offset: 0.5 }],
  ['a tag that is none', { '.tag': 'Not a tag!', 'Not a tag!': { '.tag': 'not_found' } }],
  ['unions without an end', endpoint(...Array<string>(50).fill('path'), 'not_found')],
])('%s is not obeyed', (_, error) => {
  const failure = failed(409, { error });
  expect(failure.correctOffset).toBeUndefined();
  expect(failure.has('not_found')).toBe(false);
});

describe('a page of somebody in between', () => {
  test.each([[400], [401], [403], [404], [407], [413], [511]])('%i', (status) => {
    const failure = failed(status, page);
    expect(failure).toMatchObject({ kind: 'stranger', inDoubt: true });
    expect(failure.message).toBe(`this is not Dropbox answering: HTTP ${status}, a web page`);
  });

  test("is Dropbox's own when it has its request id", () => {
    expect(failed(413, page, ours)).toMatchObject({ kind: 'rejected' });
  });

  test.each([
    ['<!doctype html>', true],
    ['\n <HTML lang="en">', true],
    ['<?xml version="1.0"?>', true],
    ['{"a": "<html>"}', false],
    ['null', false],
    ['', false],
  ])('%j', (text, isPage) => {
    expect(looksLikeHtml(text)).toBe(isPage);
  });
});

describe('the message', () => {
  test("has Dropbox's summary without its dots, and the id of the request", () => {
    expect(failed(409, envelope('path', 'not_found'), ours).message).toBe(
      `HTTP 409: path/not_found (request ${ours['x-dropbox-request-id']})`,
    );
  });

  test('holds no token, no control characters, and not more than a few lines', () => {
    const token = `sl.${'x'.repeat(60)}`;
    const text = `Invalid authorization value in HTTP header "Authorization": "Bearer ${token}".\u001b[2J${'y'.repeat(500)}`;
    const { message } = failed(400, text);
    expect(message).not.toContain(token);
    expect(message).toContain('Bearer ***');
    expect(message).not.toMatch(/\p{Cc}/u);
    expect(message.length).toBeLessThan(330);
  });
});

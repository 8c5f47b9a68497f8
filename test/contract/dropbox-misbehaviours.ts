// What may come instead of an answer: of a Dropbox that is unwell or has changed, and of what stands between.
import type { FaultAction } from '../stand-ins/dropbox/faults.ts';

export interface Misbehaviour {
  name: string;
  action: FaultAction;
  /** Once is survived: the call is made again. */
  passes: boolean;
}

type Json = Record<string, unknown>;

const page = '<!doctype html><html><body>Please log in</body></html>';
const asJson = { 'Content-Type': 'application/json' };

/** Bodies that say nothing, however well they look. */
const bodies: Record<string, string> = {
  null: 'null',
  'an empty object': '{}',
  'an empty list': '[]',
  'a list of nothing': '[null]',
  'a number': '0',
  'a text': '"ok"',
  'a boolean': 'true',
  'nothing at all': '',
  'no JSON': 'ok',
  'half of its JSON': '{"entries": [',
  'a page': page,
  'lists in lists': `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
  'objects in objects': `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
  'unions in unions': `${'{".tag":"a","a":'.repeat(20_000)}{}${'}'.repeat(20_000)}`,
  'a tag alone': '{".tag":"file"}',
  'members of other types':
    '{"entries":{},"cursor":1,"has_more":"no","session_id":[],"metadata":"x","used":"1","allocation":null,"rev":1,"size":"5","content_hash":null,"access_token":{}}',
  'members that are null':
    '{"entries":null,"cursor":null,"has_more":null,"session_id":null,"metadata":null,"used":null,"access_token":null}',
  'many megabytes': `{"a":"${'x'.repeat(9_000_000)}"}`,
};

/** Refusals by status, header and body; whether the call may be made again. */
const refusals: [string, number, string, Record<string, string>, boolean][] = [
  ['400 with text', 400, 'Error in call', {}, false],
  ['400 with a page', 400, page, { 'X-Dropbox-Request-Id': '' }, false],
  ['400 with null', 400, 'null', asJson, false],
  ['401 with nothing', 401, '', {}, true],
  ['401 with null', 401, 'null', asJson, true],
  ['403 with null', 403, 'null', asJson, false],
  ['403 that says it is not there', 403, refusalBody('path', 'not_found'), asJson, false],
  ['404', 404, 'Not found', {}, false],
  ['404 that says it is not there', 404, refusalBody('path', 'not_found'), asJson, false],
  ['405', 405, '', {}, false],
  ['408', 408, '', {}, true],
  ['409 with null', 409, 'null', asJson, true],
  ['409 with an empty object', 409, '{}', asJson, true],
  ['409 with an empty list', 409, '[]', asJson, true],
  ['409 with a number', 409, '7', asJson, true],
  ['409 with text', 409, 'conflict', {}, true],
  ['409 without an error', 409, '{"error_summary":"path/not_found/.."}', asJson, true],
  ['409 with an error that is null', 409, '{"error_summary":"path/not_found/..","error":null}', asJson, true],
  ['409 with a tag that is none', 409, '{"error":{".tag":["path"]}}', asJson, true],
  [
    '409 with unions without an end',
    409,
    `{"error":${'{".tag":"a","a":'.repeat(20_000)}{}${'}'.repeat(20_001)}`,
    asJson,
    true,
  ],
  ['409 with a tag that nobody knows', 409, refusalBody('new_tag'), asJson, false],
  [
    '409 with an offset of another type',
    409,
    '{"error":{".tag":"incorrect_offset","correct_offset":"12"}}',
    asJson,
    false,
  ],
  [
    '409 with an offset beyond any file',
    409,
    '{"error":{".tag":"incorrect_offset","correct_offset":1e300}}',
    asJson,
    false,
  ],
  [
    '409 with an offset before the file',
    409,
    '{"error":{".tag":"incorrect_offset","correct_offset":-1}}',
    asJson,
    false,
  ],
  ['413', 413, page, {}, false],
  ['416', 416, '', {}, false],
  ['429 with nothing', 429, '', {}, true],
  ['429 with null', 429, 'null', asJson, true],
  ['429 for a fraction of a second', 429, '', { 'Retry-After': '0.4' }, true],
  ['429 for some seconds and a half', 429, '', { 'Retry-After': '7.5' }, true],
  [
    '429 until a date',
    429,
    '',
    { 'Retry-After': 'Fri, 20 Nov 2026 02:05:40 GMT', Date: 'Fri, 20 Nov 2026 02:05:13 GMT' },
    true,
  ],
  ['429 until a date long ago', 429, '', { 'Retry-After': 'Wed, 21 Oct 2015 07:28:00 GMT' }, true],
  ['429 for less than nothing', 429, '', { 'Retry-After': '-7' }, true],
  ['429 for no number', 429, '', { 'Retry-After': 'soon' }, true],
  ['429 for a month', 429, '', { 'Retry-After': '2592000' }, false],
  ['429 for a number without an end', 429, '', { 'Retry-After': '9'.repeat(400) }, true],
  ['429 with a wait in words', 429, '{"error":{"retry_after":"soon"}}', asJson, true],
  ['429 with a wait beyond all numbers', 429, '{"error":{"retry_after":1e999}}', asJson, false],
  ['500', 500, '', {}, true],
  ['500 that says it is not there', 500, refusalBody('path', 'not_found'), asJson, true],
  ['502 with a page', 502, page, {}, true],
  ['503 for a while', 503, '', { 'Retry-After': '30' }, true],
  [
    '503 until a date',
    503,
    '',
    { 'Retry-After': 'Fri, 20 Nov 2026 02:05:40 GMT', Date: 'Fri, 20 Nov 2026 02:05:13 GMT' },
    true,
  ],
  ['503 for a month', 503, '', { 'Retry-After': '2592000' }, false],
  ['511', 511, page, { 'X-Dropbox-Request-Id': '' }, true],
  ['599', 599, 'odd', {}, true],
  ['204', 204, '', {}, true],
  ['202 with null', 202, 'null', asJson, true],
  ['a redirect', 302, '', { Location: 'http://127.0.0.1:1/' }, true],
];

/** What a true answer becomes: each of its members, of a file wherever it stands. */
const alterations: Record<string, (file: Json) => unknown> = {
  'without a revision': without('rev'),
  'with an odd revision': (file) => ({ ...file, rev: 'ü\n' }),
  'without a size': without('size'),
  'with a size in letters': (file) => ({ ...file, size: String(file.size) }),
  'with a negative size': (file) => ({ ...file, size: -1 }),
  'with half a byte': (file) => ({ ...file, size: 0.5 }),
  'with another size': (file) => ({ ...file, size: (file.size as number) + 1 }),
  'without a hash': without('content_hash'),
  'with an odd hash': (file) => ({ ...file, content_hash: 'abc' }),
  'with another hash': (file) => ({ ...file, content_hash: '0'.repeat(64) }),
  'without a name': without('name'),
  'without a path': without('path_lower', 'path_display'),
  'at another path': (file) => moved(file, '/elsewhere/other.db'),
  'in other letter case': (file) => ({ ...file, ...upper(file) }),
  'that is a folder': (file) => ({ ...file, '.tag': 'folder' }),
  'that is something new': (file) => ({ ...file, '.tag': 'hologram' }),
  'with an odd time': (file) => ({ ...file, server_modified: 'yesterday' }),
  'without a time': without('server_modified'),
};

export const misbehaviours: Misbehaviour[] = [
  ...Object.entries(bodies).flatMap(([name, body]): Misbehaviour[] => [
    { name: `200 with ${name}`, action: { kind: 'reply', status: 200, body, headers: asJson }, passes: true },
    {
      name: `200 with ${name}, though it was carried out`,
      action: { kind: 'replyAfterApply', status: 200, body, headers: asJson },
      passes: true,
    },
  ]),
  ...refusals.map(([name, status, body, headers, passes]): Misbehaviour => ({
    name,
    action: { kind: 'reply', status, body, headers },
    passes,
  })),
  ...refusals
    .filter(([, status]) => status === 401 || status === 429 || status >= 500)
    .map(([name, status, body, headers, passes]): Misbehaviour => ({
      name: `${name}, though it was carried out`,
      action: { kind: 'replyAfterApply', status, body, headers },
      passes,
    })),
  ...Object.entries(alterations).map(([name, alter]): Misbehaviour => ({
    name: `a file ${name}`,
    action: { kind: 'alter', alter: (answer) => everywhere(answer, alter) },
    // These two are news, and not a slip: something else has the name.
    passes: !['in other letter case', 'that is a folder'].includes(name),
  })),
  { name: 'a connection that breaks', action: { kind: 'dropBefore' }, passes: true },
  { name: 'a reply that is lost', action: { kind: 'dropAfterApply' }, passes: true },
  { name: 'a reply that is cut', action: { kind: 'truncateResponse', bytes: 3 }, passes: true },
  {
    name: 'a reply that ends early',
    action: { kind: 'truncateResponse', bytes: 3, complete: true },
    passes: true,
  },
  { name: 'a reply with another byte in it', action: { kind: 'corruptByte', at: 2 }, passes: true },
];

function refusalBody(...tags: string[]): string {
  const union = (rest: string[]): Json => {
    const [tag = '', ...inner] = rest;
    return inner.length === 0 ? { '.tag': tag } : { '.tag': tag, [tag]: union(inner) };
  };
  return JSON.stringify({ error_summary: `${tags.join('/')}/..`, error: union(tags) });
}

/** Changes every file in an answer; what has none stays as it is. */
function everywhere(answer: unknown, alter: (file: Json) => unknown): unknown {
  if (Array.isArray(answer)) return answer.map((one: unknown) => everywhere(one, alter));
  if (typeof answer !== 'object' || answer === null) return answer;
  if ('rev' in answer && 'content_hash' in answer) return alter(answer);
  return Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, everywhere(value, alter)]));
}

/** The same without some of its members. */
function without(...names: string[]): (file: Json) => Json {
  return (file) => Object.fromEntries(Object.entries(file).filter(([name]) => !names.includes(name)));
}

function moved(file: Json, path: string): Json {
  return { ...file, name: path.slice(path.lastIndexOf('/') + 1), path_lower: path, path_display: path };
}

function upper({ name, path_display }: Json): Json {
  return { name: (name as string).toUpperCase(), path_display: (path_display as string).toUpperCase() };
}

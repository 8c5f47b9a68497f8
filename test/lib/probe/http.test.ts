// What endpoints on this machine answer, as they should and as they should not: each ends soon, in words, and holds little.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { httpCheck } from '../../../lib/health/http.ts';
import { httpProbe } from '../../../lib/probe/http.ts';
import { selfSigned } from './certificates.ts';
import { probeWorld } from './context.ts';
import { type Behave, flood, reply, say, serve } from './misbehaving.ts';

/** What is made of the endpoint on `port`. */
async function ask(url: string, more = '', root = '/') {
  const world = probeWorld(`[health.http.endpoints.web]\nurl = "${url}"\n${more}\n`, { root });
  return world.ask(httpCheck, httpProbe, 'web');
}

async function answerOf(behave: Behave, more = '', path = '/health') {
  const { port, asked } = await serve(behave);
  return { ...(await ask(`http://127.0.0.1:${port}${path}`, more)), asked };
}

const bomb = gzipSync(Buffer.alloc(50_000_000));
const soon = 'timeout_seconds = 0.3';
const ok = 'json = { ok = true }';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('an answer that will do', () => {
  test.each<[what: string, behave: Behave, more: string]>([
    ['200', reply('200 OK', 'well'), ''],
    ['204', reply('204 No Content', ''), ''],
    ['299', reply('299 Anything', ''), ''],
    ['the status that was asked for', reply('401 Unauthorized', ''), 'status = 401'],
    ['one of those that were', reply('503 Busy', ''), 'status = [200, 503]'],
    [
      'a redirect that was asked for',
      reply('302 Found', '', ['Location: http://elsewhere/']),
      'status = 302',
    ],
    ['JSON', reply('200 OK', '{"ok":true,"version":"0.1.0"}'), ok],
    ['JSON after a mark', reply('200 OK', '\ufeff{"ok":true}'), ok],
    ['JSON below others', reply('200 OK', '{"db":{"state":"up"}}'), 'json = { "db.state" = "up" }'],
    ['the same as a table', reply('200 OK', '{"db":{"state":"up"}}'), 'json = { db.state = "up" }'],
    ['a name with a dot', reply('200 OK', '{"db.state":"up"}'), 'json = { "db.state" = "up" }'],
    ['an entry of a list', reply('200 OK', '{"db":["down","up"]}'), 'json = { "db.1" = "up" }'],
    ['chunks', say(`${chunked}3\r\n{"o\r\n8\r\nk":true}\r\n0\r\n\r\n`), ok],
    ['gzip that nobody asked for', reply('200 OK', gzipSync('{"ok":true}'), ['Content-Encoding: gzip']), ok],
    ['br', reply('200 OK', brotliCompressSync('{"ok":true}'), ['Content-Encoding: br']), ok],
    ['deflate', reply('200 OK', deflateSync('{"ok":true}'), ['Content-Encoding: deflate']), ok],
    ['an endless page of which nothing is wanted', flood('HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(10_000)), ''],
    [
      'a length that is ended by the connection',
      (socket) => socket.end('HTTP/1.0 200 OK\r\n\r\n{"ok":true}'),
      ok,
    ],
    ['100 before', say('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), ''],
  ])('%s', async (_, behave, more) =>
    expect(await answerOf(behave, more)).toMatchObject({ verdict: 'ok', value: 0 }),
  );
});

describe('an answer that will not do', () => {
  test.each<[what: string, behave: Behave, more: string, message: RegExp]>([
    ['500', reply('500 Oh', ''), '', /\/health answers 500$/],
    ['404', reply('404 Not Found', ''), '', /answers 404$/],
    [
      'another than was asked for',
      reply('200 OK', ''),
      'status = [401, 403]',
      /answers 200 instead of 401 or 403$/,
    ],
    [
      'another host',
      reply('302 Found', '', ['Location: http://elsewhere/login']),
      '',
      /redirect to another host, elsewhere$/,
    ],
    ['no address', reply('302 Found', '', ['Location: http://']), '', /redirect to no valid address$/],
    ['a file', reply('302 Found', '', ['Location: file:///etc/passwd']), '', /redirect to no valid address$/],
    ['a circle', reply('302 Found', '', ['Location: /again']), '', /redirects more than 5 times$/],
    ['no redirect at all', reply('302 Found', ''), '', /answers 302$/],
    ['another value', reply('200 OK', '{"ok":false}'), ok, /answers 200, but ok is false instead of true$/],
    ['another type', reply('200 OK', '{"ok":"true"}'), ok, /ok is "true" instead of true$/],
    ['a list', reply('200 OK', '{"ok":[1]}'), ok, /ok is a list instead of true$/],
    ['null', reply('200 OK', '{"ok":null}'), ok, /ok is null instead of true$/],
    ['without the field', reply('200 OK', '{}'), ok, /without ok, which has to be true$/],
    [
      'a field that every object has',
      reply('200 OK', '{}'),
      'json = { "constructor.name" = "Object" }',
      /without constructor\.name/,
    ],
    ['a number for all of it', reply('200 OK', '5'), ok, /without ok/],
    ['no JSON', reply('200 OK', '<html>'), ok, /with what is no JSON$/],
    ['half of it', reply('200 OK', '{"ok":tr'), ok, /with what is no JSON$/],
    ['nothing', reply('200 OK', ''), ok, /with what is no JSON$/],
    ['brackets without an end', reply('200 OK', '['.repeat(900_000)), ok, /with what is no JSON$/],
    ['text that a terminal obeys', reply('200 OK', '{"ok":"\\u001b[2J\\u202e"}'), ok, /^[\x20-\x7e]+$/],
    ['too much', reply('200 OK', `{"ok":true,"x":"${'x'.repeat(1_000_000)}"}`), ok, /with more than 1 MB$/],
    [
      'an endless document',
      flood('HTTP/1.1 200 OK\r\n\r\n', `{"ok":true,"x":"${'x'.repeat(10_000)}`),
      ok,
      /with more than 1 MB$/,
    ],
    ['a bomb', reply('200 OK', bomb, ['Content-Encoding: gzip']), ok, /unpacks to more than 1 MB$/],
    [
      'no gzip',
      reply('200 OK', '{"ok":true}', ['Content-Encoding: gzip']),
      ok,
      /no gzip, though it says so$/,
    ],
    [
      'twice packed',
      reply('200 OK', 'x', ['Content-Encoding: gzip, gzip']),
      ok,
      /an encoding nobody asked for/,
    ],
    ['silence', () => undefined, soon, /does not answer within 300 ms$/],
    [
      'silence after the head',
      say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
      soon,
      /does not answer within 300 ms$/,
    ],
    ['a byte now and then', flood('HTTP/1.1 200 OK\r\n', 'x', 20), soon, /does not answer within 300 ms$/],
    ['a document byte by byte', flood(chunked, '1\r\n{\r\n', 20), soon, /does not answer within 300 ms$/],
    [
      '100 without an end',
      flood('', 'HTTP/1.1 100 Continue\r\n\r\n', 5),
      soon,
      /does not answer within 300 ms$/,
    ],
    [
      'a head without an end',
      flood('HTTP/1.1 200 OK\r\n', `X-A: ${'a'.repeat(1000)}\r\n`),
      '',
      /no HTTP \(HPE_HEADER_OVERFLOW\)$/,
    ],
    ['bad chunks', say(`${chunked}zz\r\n`), '', /no HTTP \(HPE_/],
    ['another protocol', say('SSH-2.0-OpenSSH_9.6\r\n'), '', /no HTTP \(HPE_/],
    [
      'a half answer',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf'),
      '',
      /breaks the connection off/,
    ],
    ['no answer', (socket) => socket.end(), '', /breaks the connection off/],
    ['a reset', (socket) => socket.resetAndDestroy(), '', /breaks the connection off/],
    [
      'another protocol from here on',
      say('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      soon,
      /answers 101, another protocol/,
    ],
  ])('%s', async (_, behave, more, message) =>
    expect(await answerOf(behave, more)).toMatchObject({
      verdict: 'critical',
      message: expect.stringMatching(message) as string,
    }),
  );

  test('nobody there', async () =>
    expect(await ask('http://127.0.0.1:9/')).toMatchObject({
      verdict: 'critical',
      message: 'http://127.0.0.1:9/ refuses the connection',
    }));

  test('a name that nobody has', async () =>
    expect(await ask('http://nobody.invalid/')).toMatchObject({
      message: expect.stringMatching(/^http:\/\/nobody\.invalid\/ has a name/) as string,
    }));
});

test('a redirect on the same host is followed, with its query', async () => {
  const { asked, verdict } = await answerOf((socket, request) =>
    (request.startsWith('GET /health ')
      ? reply('301 Moved', '', ['Location: /there?a=1'])
      : reply('200 OK', ''))(socket, request),
  );
  expect(verdict).toBe('ok');
  expect(asked.map((request) => request.split('\r\n', 1)[0])).toEqual([
    'GET /health HTTP/1.1',
    'GET /there?a=1 HTTP/1.1',
  ]);
});

test('what stands in a query is sent, and shown nowhere', async () => {
  const { asked, ...judgement } = await answerOf(reply('500 Oh', ''), '', '/health?token=geheim');
  expect(asked[0]).toContain('?token=geheim');
  expect(JSON.stringify(judgement)).not.toContain('geheim');
});

test('an answer that comes late is a warning, and one in time is none', async () => {
  const world = probeWorld('');
  let tookMs = 2999;
  const { port } = await serve((socket, request) => {
    world.clock.advance(tookMs);
    reply('200 OK', '')(socket, request);
  });
  const endpoint = `[health.http.endpoints.web]\nurl = "http://127.0.0.1:${port}/"\n`;
  const late = () => probeWorld(endpoint, { clock: world.clock }).ask(httpCheck, httpProbe, 'web');
  expect(await late()).toMatchObject({ verdict: 'ok', value: 2999 });
  tookMs = 3000;
  expect(await late()).toMatchObject({
    verdict: 'warning',
    message: `http://127.0.0.1:${port}/ answers 200 only after 3000 ms`,
  });
});

test('memory does not grow with what is sent', async () => {
  const before = process.memoryUsage().rss;
  await answerOf(reply('200 OK', bomb, ['Content-Encoding: gzip']), ok);
  await answerOf(flood('HTTP/1.1 200 OK\r\n\r\n', Buffer.alloc(1_000_000)), ok);
  expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
});

describe('TLS', () => {
  test.each<[what: string, settings: (fingerprint: string) => string, trusted: boolean, message: RegExp]>([
    ['pinned', (own) => `fingerprint = "${own}"`, false, /answers 200 in/],
    ['pinned as openssl writes it', (own) => `fingerprint = "${colons(own)}"`, false, /answers 200 in/],
    [
      'pinned, another',
      () => `fingerprint = "${'0'.repeat(64)}"`,
      false,
      /shows another certificate than the pinned one: [0-9a-f]{64}$/,
    ],
    ['neither pinned nor trusted', () => '', false, /it signed itself: pin it by its fingerprint$/],
    ['trusted by the machine', () => '', true, /answers 200 in/],
  ])('%s', async (_, settings, trusted, message) => {
    const { cert, key, root, fingerprint } = selfSigned();
    const { port } = await serve(reply('200 OK', ''), { cert, key });
    const judgement = await ask(
      `https://127.0.0.1:${port}/`,
      settings(fingerprint),
      trusted ? root : '/nowhere',
    );
    expect(judgement.message).toMatch(message);
    expect(judgement.verdict).toBe(message.source.includes('200') ? 'ok' : 'critical');
  });

  test('nothing is sent to who shows another certificate', async () => {
    const { cert, key } = selfSigned();
    const { port, asked } = await serve(reply('200 OK', ''), { cert, key });
    await ask(`https://127.0.0.1:${port}/?token=geheim`, `fingerprint = "${'0'.repeat(64)}"`);
    expect(asked).toEqual([]);
  });

  test('a certificate of another name', async () => {
    const { cert, key, root } = selfSigned({ name: 'DNS:elsewhere' });
    const { port } = await serve(reply('200 OK', ''), { cert, key });
    expect(await ask(`https://127.0.0.1:${port}/`, '', root)).toMatchObject({
      message: expect.stringMatching(/shows a certificate of another name$/) as string,
    });
  });

  test('no TLS at all', async () => {
    const { port } = await serve(reply('400 Bad Request', ''));
    expect((await ask(`https://127.0.0.1:${port}/`)).message).toMatch(/speaks no TLS that fits|breaks/);
  });

  test('a handshake without an end', async () => {
    const { port } = await serve(() => undefined);
    expect((await ask(`https://127.0.0.1:${port}/`, soon)).message).toMatch(/does not answer within 300 ms$/);
  });

  test('from https to http there is no way', async () => {
    const { cert, key, fingerprint } = selfSigned();
    const { port } = await serve(reply('302 Found', '', ['Location: http://127.0.0.1/']), { cert, key });
    expect((await ask(`https://127.0.0.1:${port}/`, `fingerprint = "${fingerprint}"`)).message).toMatch(
      /a redirect from https to http$/,
    );
  });
});

function colons(hex: string): string {
  return hex.toUpperCase().replace(/(..)(?=.)/g, '$1:');
}

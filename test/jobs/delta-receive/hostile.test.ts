// The receiver against whoever reaches its port: clear refusals, nothing applied, nothing shown, little spent.
import { connect, type Socket } from 'node:net';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { receivePlaces } from '../../../jobs/delta-receive/steps/places.ts';
import { askHealth } from '../../../lib/http/ask-health.ts';
import { makeCertificate } from '../../../lib/http/certificate.ts';
import { neighbourhood } from '../../../lib/http/limits.ts';
import { scratch } from '../../support/scratch.ts';
import { batchFile, epoch, ReceiverWorld, sha256Of } from '../../support/receiver-world.ts';
import { realPeer } from '../../support/real-peer.ts';

const file = batchFile(3);
const put = (more = '', path = `/delta/v1/batches/${epoch}/1`) =>
  `${path}?size=${file.length}&sha256=${sha256Of(file)}&offset=0${more}`;
const octets = { 'content-type': 'application/octet-stream' };
const json = { 'content-type': 'application/json' };

/** What a world must look like after any of it. */
function expectNothing(world: ReceiverWorld, answer: string): void {
  expect(world.replica.changes).toEqual([]);
  expect(answer).not.toContain(world.key);
  expect(answer).not.toMatch(/node:|node_modules|\.ts:|at .*\(|fastify|Error:/i);
  const logged = JSON.stringify(world.log.lines);
  expect(logged).not.toContain(world.key);
}

describe('a request with a key, and wrong in some way', () => {
  const drop = encodeURIComponent("'; DROP TABLE VISIT; --");
  test.each<[string, string, RequestInit & { headers?: Record<string, string> }, number]>([
    ['a path that is none', '/delta/v1/nothing', {}, 404],
    ['a version that is none', '/delta/v2/state', {}, 404],
    ['a parent directory', '/delta/v1/batches/../../../etc/passwd', {}, 404],
    [
      'an escaped parent directory',
      `/delta/v1/batches/..%2f..%2fetc/1`,
      { method: 'PUT', headers: octets },
      400,
    ],
    ['a bad escape', '/delta/v1/%zz', {}, 400],
    ['a NUL in the path', '/delta/v1/batches/%00/1', { method: 'PUT', headers: octets }, 400],
    ['a path without an end', `/${'a'.repeat(6000)}`, {}, 404],
    ['a method that changes nothing', put(), { method: 'GET' }, 404],
    ['DELETE', '/delta/v1/state', { method: 'DELETE' }, 404],
    ['HEAD', '/delta/v1/state', { method: 'HEAD' }, 404],
    ['OPTIONS', '/delta/v1/state', { method: 'OPTIONS' }, 404],
    [
      'an epoch that is SQL',
      `/delta/v1/batches/${drop}/1?size=1&sha256=${'a'.repeat(64)}&offset=0`,
      { method: 'PUT', headers: octets },
      400,
    ],
    ['batch 0', put('', `/delta/v1/batches/${epoch}/0`), { method: 'PUT', headers: octets }, 400],
    ['batch -1', put('', `/delta/v1/batches/${epoch}/-1`), { method: 'PUT', headers: octets }, 400],
    ['batch 1e3', put('', `/delta/v1/batches/${epoch}/1e3`), { method: 'PUT', headers: octets }, 400],
    [
      'a number beyond all',
      put('', `/delta/v1/batches/${epoch}/99999999999999999999`),
      { method: 'PUT', headers: octets },
      400,
    ],
    ['no size', `/delta/v1/batches/${epoch}/1`, { method: 'PUT', headers: octets }, 400],
    ['two sizes', put('&size=7'), { method: 'PUT', headers: octets, body: file }, 400],
    [
      'an offset beyond the end',
      put().replace('offset=0', 'offset=999999999'),
      { method: 'PUT', headers: octets, body: 'x' },
      400,
    ],
    [
      'a negative offset',
      put().replace('offset=0', 'offset=-1'),
      { method: 'PUT', headers: octets, body: 'x' },
      400,
    ],
    ['more than the size', put(), { method: 'PUT', headers: octets, body: Buffer.concat([file, file]) }, 400],
    [
      'a SHA-256 that is none',
      put().replace(/sha256=./, 'sha256=G'),
      { method: 'PUT', headers: octets, body: 'x' },
      400,
    ],
    [
      'a body of another type',
      put(),
      { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: file },
      415,
    ],
    [
      'a form',
      '/delta/v1/shapes',
      { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' },
      415,
    ],
    ['no body', '/delta/v1/shapes', { method: 'POST' }, 415],
    [
      'a packed body',
      '/delta/v1/shapes',
      { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' },
      415,
    ],
    [
      'a packed batch',
      put(),
      { method: 'PUT', headers: { ...octets, 'content-encoding': 'zstd' }, body: file },
      415,
    ],
    ['no JSON', '/delta/v1/shapes', { method: 'POST', headers: json, body: '{' }, 400],
    ['JSON of another kind', '/delta/v1/shapes', { method: 'POST', headers: json, body: '[]' }, 400],
    [
      'a prototype',
      '/delta/v1/takeover',
      { method: 'POST', headers: json, body: '{"__proto__":{"instance":"1"}}' },
      400,
    ],
    [
      'deep JSON',
      '/delta/v1/digest',
      { method: 'POST', headers: json, body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` },
      400,
    ],
    [
      'JSON without an end',
      '/delta/v1/digest',
      { method: 'POST', headers: json, body: `"${'x'.repeat(1024 * 1024)}"` },
      413,
    ],
    ['a limit that is none', '/delta/v1/held?limit=-1', {}, 400],
    ['a limit beyond all', '/delta/v1/held?limit=99999999', {}, 400],
    ['no limit', '/delta/v1/corrections?since=0', {}, 400],
    [
      'a challenge that is none',
      '/delta/v1/state',
      { headers: { 'x-holdfast-challenge': "x' OR 1=1" } },
      400,
    ],
    [
      'a challenge of two lines',
      '/delta/v1/state',
      { headers: { 'x-holdfast-challenge': `${'c'.repeat(32)}, ${'c'.repeat(32)}` } },
      400,
    ],
    ['nobody’s key', '/delta/v1/state', { headers: { authorization: `Bearer hfd_${'x'.repeat(40)}` } }, 401],
    [
      'a key in another case',
      '/delta/v1/state',
      { headers: { authorization: `Bearer HFD_${'x'.repeat(40)}` } },
      401,
    ],
    ['a user and a password', '/delta/v1/state', { headers: { authorization: 'Basic eDp4' } }, 401],
    [
      'a key that is very long',
      '/delta/v1/state',
      { headers: { authorization: `Bearer hfd_${'x'.repeat(4000)}` } },
      401,
    ],
  ])('%s', async (_, path, options, status) => {
    await using world = await ReceiverWorld.start();
    const response = await world.fetch(path, options);
    const body = await response.text();
    expect(response.status).toBe(status);
    if (options.method !== 'HEAD')
      expect(JSON.parse(body)).toMatchObject({ message: expect.any(String) as string });
    expectNothing(world, body + JSON.stringify([...response.headers]));
    expect((await world.fetch('/delta/v1/state')).status).toBe(200);
  });
});

describe('bytes that are no request, or lie about themselves', () => {
  const head = (world: ReceiverWorld, line: string, more = '') =>
    `${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${world.key}\r\nX-Holdfast-Challenge: ${'c'.repeat(32)}\r\n${more}`;
  test.each<[string, (world: ReceiverWorld) => string | Buffer, RegExp]>([
    ['nonsense', () => 'hello\r\n\r\n', /^HTTP\/1\.1 400/],
    ['TLS where none is', () => Buffer.from('16030100a5010000a1', 'hex'), /^HTTP\/1\.1 400/],
    [
      'a header of a megabyte',
      (w) => head(w, 'GET /delta/v1/state', `X: ${'x'.repeat(1024 * 1024)}\r\n\r\n`),
      /^HTTP\/1\.1 431/,
    ],
    [
      'ten thousand headers',
      (w) => head(w, 'GET /delta/v1/state', `${'X: x\r\n'.repeat(10_000)}\r\n`),
      /^HTTP\/1\.1 431/,
    ],
    [
      'a length and chunks',
      (w) =>
        head(
          w,
          `PUT ${put()}`,
          'Content-Type: application/octet-stream\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      /^HTTP\/1\.1 400/,
    ],
    [
      'two lengths',
      (w) => head(w, `PUT ${put()}`, 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nxxxxx'),
      /^HTTP\/1\.1 400/,
    ],
    [
      'a length that is none',
      (w) => head(w, `PUT ${put()}`, 'Content-Length: -1\r\n\r\n'),
      /^HTTP\/1\.1 400/,
    ],
    [
      'a batch in chunks',
      (w) =>
        head(
          w,
          `PUT ${put()}`,
          'Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nxxxx\r\n0\r\n\r\n',
        ),
      /^HTTP\/1\.1 411/,
    ],
    [
      'chunks of JSON without an end',
      (w) =>
        head(
          w,
          'POST /delta/v1/digest',
          `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(20)}`,
        ),
      /^HTTP\/1\.1 413/,
    ],
    [
      'an upgrade',
      (w) => head(w, 'GET /delta/v1/state', 'Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
      /^HTTP\/1\.1 (200|400|404)/,
    ],
    ['CONNECT', () => 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', /^(HTTP\/1\.1 4|$)/],
    [
      'an address of somebody else',
      (w) => head(w, 'GET http://169.254.169.254/latest/'),
      /^(HTTP\/1\.1 4|$)/,
    ],
  ])('%s', async (_, bytes, expected) => {
    await using world = await ReceiverWorld.start();
    const sent = bytes(world);
    const answer = await world.raw(
      typeof sent === 'string' && !sent.includes('\r\n\r\n') ? `${sent}\r\n` : sent,
    );
    expect(answer).toMatch(expected);
    expectNothing(world, answer);
    expect((await world.fetch('/delta/v1/state')).status).toBe(200);
  });

  test('requests one behind another are answered in their order, each with its own proof', async () => {
    await using world = await ReceiverWorld.start();
    const one = (path: string, letter: string) =>
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${world.key}\r\nX-Holdfast-Challenge: ${letter.repeat(32)}\r\n\r\n`;
    const answer = await world.raw(
      one('/delta/v1/frozen', 'a') + one('/nothing', 'b') + one('/delta/v1/frozen', 'c'),
      3,
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(new Set(answer.match(/x-holdfast-answer: \w+/g)).size).toBe(3);
  });

  test('a batch whose sender goes away in the middle keeps what has come, and applies nothing', async () => {
    await using world = await ReceiverWorld.start();
    const socket = connect(world.server.port, '127.0.0.1');
    socket.write(
      head(
        world,
        `PUT ${put()}`,
        `Content-Type: application/octet-stream\r\nContent-Length: ${file.length}\r\n\r\n`,
      ),
    );
    socket.write(file.subarray(0, 100));
    await until(() => bytesStaged(world) === 100);
    socket.destroy();
    await world.receiver.taker.idle();
    const state = (await (await world.fetch('/delta/v1/state')).json()) as { staged: { bytes: number } };
    expect(state.staged.bytes).toBe(100);
    expectNothing(world, '');
  });

  test('a second connection of the same source takes the place of one that hangs', async () => {
    await using world = await ReceiverWorld.start();
    const socket = connect(world.server.port, '127.0.0.1');
    socket.write(
      head(
        world,
        `PUT ${put()}`,
        `Content-Type: application/octet-stream\r\nContent-Length: ${file.length}\r\n\r\n`,
      ),
    );
    socket.write(file.subarray(0, 100));
    await until(() => bytesStaged(world) === 100);
    const rest = await world.fetch(put().replace('offset=0', 'offset=100'), {
      method: 'PUT',
      headers: octets,
      body: file.subarray(100),
    });
    expect(rest.status).toBe(200);
    expect(world.replica.changes).toHaveLength(3);
    socket.destroy();
  });
});

test('a connection that is refused is closed, though its other side never closes it', async () => {
  const world = await ReceiverWorld.start();
  const socket = connect({ port: world.server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('nonsense\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  await world[Symbol.asyncDispose](); // which waits for connections that are open
  socket.destroy();
});

test('nobody is asked for a body that will not be taken', async () => {
  await using world = await ReceiverWorld.start();
  const ask = (key: string, path: string, size: number) =>
    world.raw(
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nX-Holdfast-Challenge: ${'c'.repeat(32)}\r\nContent-Type: application/octet-stream\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`,
    );
  expect(await ask(`hfd_${'x'.repeat(40)}`, put(), file.length)).toMatch(/^HTTP\/1\.1 401/);
  expect(await ask(world.key, put(), 1024 ** 4)).toMatch(/^HTTP\/1\.1 413/);
  expect(await ask(world.key, put().replace('offset=0', 'offset=5'), 10)).toMatch(/^HTTP\/1\.1 202/);
  expect(await ask(world.key, '/nothing', 1e6)).toMatch(/^HTTP\/1\.1 404/);
});

describe('many who have no key', () => {
  test('are refused, then slowed, and nobody with a key is', async () => {
    await using world = await ReceiverWorld.start();
    const statuses = new Map<number, number>();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 20; round += 1)
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const response = await fetch(new URL(`/delta/v1/state?${index}`, world.url), {
            method: index % 2 === 0 ? 'GET' : 'POST',
            headers: index % 3 === 0 ? { authorization: `Bearer hfd_${'y'.repeat(40)}` } : {},
            ...(index % 2 === 0 ? {} : { body: 'x'.repeat(1000) }),
          });
          await response.arrayBuffer();
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        }),
      );
    expect([...statuses.keys()].sort()).toEqual([401, 429]);
    expect(statuses.get(401)).toBe(30);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    const peer = realPeer({ to: world.url, key: world.key });
    await peer.send({
      epoch,
      batchNo: 1,
      sizeBytes: file.length,
      sha256: sha256Of(file),
      offset: 0,
      bytes: file,
    });
    peer.close();
    expect(world.replica.changes).toHaveLength(3);
    // An operator hears of it once, and not two thousand times.
    expect(world.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('cannot take all connections', async () => {
    await using world = await ReceiverWorld.start();
    const peer = realPeer({ to: world.url, key: world.key });
    await peer.state();
    const sockets: Socket[] = [];
    const closed: Promise<void>[] = [];
    for (let index = 0; index < 300; index += 1) {
      const socket = connect(world.server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    }
    await Promise.all(closed.slice(256 + 10)); // what is beyond the limit is closed at once
    await peer.state();
    peer.close();
    sockets.forEach((socket) => socket.destroy());
  });

  test('one who has a key and asks without end is slowed, and is told for how long', async () => {
    await using world = await ReceiverWorld.start();
    const answers = await Promise.all(Array.from({ length: 260 }, () => world.fetch('/delta/v1/frozen')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(60);
    expect(refused[0]?.headers.get('retry-after')).toBe('5');
    expect(refused[0]?.headers.get('x-holdfast-answer')).toMatch(/^[0-9a-f]{64}$/);
  });
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::7', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['nonsense', 'unknown'],
])('%s is a neighbour of %s', (address, expected) => {
  expect(neighbourhood(address)).toBe(expected);
});

test('behind a proxy it is who the proxy says that is slowed, and only a proxy on this machine is believed', async () => {
  await using world = await ReceiverWorld.start({ isBehindProxy: true });
  const from = async (address: string) =>
    (await fetch(new URL('/x', world.url), { headers: { 'x-forwarded-for': `6.6.6.6, ${address}` } })).status;
  for (let time = 0; time < 30; time += 1) expect(await from('192.0.2.1')).toBe(401);
  expect(await from('192.0.2.1')).toBe(429);
  expect(await from('192.0.2.2')).toBe(401);
});

test('health says that it is well, to whoever asks, and no more', async () => {
  await using world = await ReceiverWorld.start();
  const response = await fetch(new URL('/health', world.url));
  expect(await response.json()).toEqual({ ok: true, version: '1.0.0' });
});

test('its own look at its health goes through its door, and sees a certificate that is not its own', async () => {
  const directory = scratch();
  const [certificate, key] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  const make = async () => {
    const made = await makeCertificate(['127.0.0.1'], new Date());
    writeFileSync(certificate, made.certificate);
    writeFileSync(key, made.privateKey);
  };
  await make();
  const tls = { certificate, key, keyPath: () => key };
  await using world = await ReceiverWorld.start({ tls });
  const { signal } = new AbortController();
  const { port } = world.server;
  await askHealth({ host: '0.0.0.0', port, tls }, signal);
  await make();
  await expect(askHealth({ host: '127.0.0.1', port, tls }, signal)).rejects.toThrow(/another certificate/);
});

function bytesStaged(world: ReceiverWorld): number {
  const { staged } = receivePlaces(world.state);
  try {
    return readdirSync(staged, { recursive: true, withFileTypes: true })
      .filter(({ name }) => name === 'batch')
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).size)
      .reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

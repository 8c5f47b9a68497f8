// The other side over HTTP: what is proven is believed, and everything else that can answer there is out of reach.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Peer } from '../../../lib/delta/peer.ts';
import { PeerTrouble } from '../../../lib/delta/peer.ts';
import { ProtocolRefusal } from '../../../lib/delta/refusal.ts';
import { makeCertificate } from '../../../lib/http/certificate.ts';
import type { PeerOptions } from '../../../lib/http/client.ts';
import { hashOfKey, proofOf } from '../../../lib/http/proof.ts';
import { type Scripted, proven, provingServer, stranger, testKey } from '../../support/proving-server.ts';
import { realPeer } from '../../support/real-peer.ts';

const peers: Peer[] = [];
afterEach(() => peers.splice(0).forEach((peer) => peer.close()));

function peerOf(to: URL, options: Partial<PeerOptions> = {}): Peer {
  const peer = realPeer({ to, key: testKey, ...options });
  peers.push(peer);
  return peer;
}

const sourceState = {
  source: 'laptop-1',
  instance: null,
  lineage: null,
  epoch: null,
  batch_no: 0,
  nonce: null,
  confirmed_nonce: null,
  unconfirmed_keys: 0,
  high_water: 0,
};
const state = { state: sourceState, staged: null, day_rules: {}, replica: 'tagtracker', version: '1.0.0' };
const piece = { epoch: 'a'.repeat(32), batchNo: 1, sizeBytes: 200_000, sha256: 'b'.repeat(64), offset: 0 };

test('a proven answer is believed, and the connection is kept for the next question', async () => {
  await using server = await provingServer([proven(200, state), proven(200, { days: ['2026-11-20'] })]);
  const peer = peerOf(server.url);
  expect(await peer.state()).toMatchObject({
    replica: 'tagtracker',
    state: { batchNo: 0, epoch: undefined },
  });
  expect(await peer.frozenDays()).toEqual(['2026-11-20']);
  expect(server.connections()).toBe(1);
  expect(server.seen.map(({ url }) => url)).toEqual(['/delta/v1/state', '/delta/v1/frozen']);
  const challenges = server.seen.map(({ headers }) => headers['x-holdfast-challenge']);
  expect(new Set(challenges).size).toBe(2);
});

test('a connection that the receiver closed meanwhile is made anew', async () => {
  await using server = await provingServer([proven(200, state)]);
  const peer = peerOf(server.url);
  await peer.state();
  server.drop();
  await peer.state();
  await peer.state();
  expect(server.connections()).toBe(2);
});

test('a path before it, as a proxy has one, is kept', async () => {
  await using server = await provingServer([proven(200, state)]);
  await peerOf(new URL('/holdfast/', server.url)).state();
  expect(server.seen[0]?.url).toBe('/holdfast/delta/v1/state');
});

test('a piece of a batch goes as its bytes, however large, and what is there is told', async () => {
  await using server = await provingServer([proven(202, { received: 200_000 })]);
  const bytes = Buffer.alloc(200_000, 'x');
  expect(await peerOf(server.url).send({ ...piece, bytes })).toEqual({ received: 200_000 });
  const [seen] = server.seen;
  expect(seen?.url).toBe(`/delta/v1/batches/${piece.epoch}/1?size=200000&sha256=${piece.sha256}&offset=0`);
  expect(seen?.body.equals(bytes)).toBe(true);
  expect(seen?.headers.expect).toBe('100-continue');
});

test('the limit on bytes per second holds for what is sent', async () => {
  await using server = await provingServer([proven(202, { received: 200_000 })]);
  let waited = 0;
  const clock = { now: () => new Date(0), monotonicMs: () => 0 };
  const wait = async (ms: number) => void (waited = Math.max(waited, ms));
  await peerOf(server.url, { limitBytesPerSecond: 10_000, clock, wait }).send({
    ...piece,
    bytes: Buffer.alloc(200_000),
  });
  expect(waited).toBeGreaterThan(19_000);
});

const wrongKey: Scripted = (request, response) => {
  const body = JSON.stringify(state);
  const challenge = String(request.headers['x-holdfast-challenge']);
  const proof = proofOf(hashOfKey('hfd_other'), { challenge, status: 200, body });
  response.writeHead(200, { 'x-holdfast-answer': proof }).end(body);
};
let kept: { body: string; proof: string } | undefined;
const replayed: Scripted = (request, response) => {
  const body = JSON.stringify(state);
  const challenge = String(request.headers['x-holdfast-challenge']);
  kept ??= { body, proof: proofOf(hashOfKey(testKey), { challenge, status: 200, body }) };
  response.writeHead(200, { 'x-holdfast-answer': kept.proof }).end(kept.body);
};
const otherStatus: Scripted = (request, response) => {
  const body = JSON.stringify({ reason: 'state', message: 'x', state: null });
  const challenge = String(request.headers['x-holdfast-challenge']);
  const proof = proofOf(hashOfKey(testKey), { challenge, status: 200, body });
  response.writeHead(409, { 'x-holdfast-answer': proof }).end(body);
};
const seenNothing = { method: undefined, url: undefined, headers: {}, body: Buffer.alloc(0) };
const login = '<!DOCTYPE html><title>Hotel</title>';

describe('whoever answers without the proof is out of reach', () => {
  test.each<[string, Scripted, RegExp]>([
    ['a login page', stranger(200, login), /a web page \(HTTP 200\)/],
    ['a redirect', stranger(302, '', { location: 'http://login.example/' }), /wants a login first.*302/],
    ['a network that says so', stranger(511, login), /wants a login first.*511/],
    ['an empty 200', stranger(200, ''), /something else \(HTTP 200\)/],
    ['an empty 204', stranger(204, ''), /HTTP 204/],
    ['a 401 of a proxy', stranger(401, '{"message":"who are you?"}'), /HTTP 401/],
    ['a 403 of a proxy', stranger(403, '{}'), /HTTP 403/],
    ['the very answer, unproven', stranger(200, JSON.stringify(state)), /HTTP 200/],
    ['a bad gateway', stranger(502, login), /HTTP 502/],
    ['a 503 that asks for a year', stranger(503, '', { 'retry-after': '31536000' }), /HTTP 503/],
    ['a proof by another key', wrongKey, /HTTP 200/],
    ['the proof of another status', otherStatus, /HTTP 409/],
    ['no proof at all but a header', stranger(200, '{}', { 'x-holdfast-answer': 'x' }), /HTTP 200/],
  ])('%s', async (_, script, words) => {
    await using server = await provingServer([script]);
    const trouble = await peerOf(server.url)
      .state()
      .catch((error: unknown) => error);
    expect(trouble).toBeInstanceOf(PeerTrouble);
    expect(trouble).toMatchObject({ kind: 'unreachable', retryAfterMs: undefined });
    expect((trouble as Error).message).toMatch(words);
    expect((trouble as Error).message).not.toContain('hfd_');
  });

  test('the proof of an earlier answer', async () => {
    await using server = await provingServer([replayed]);
    const peer = peerOf(server.url);
    await peer.state();
    await expect(peer.state()).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

describe('what the receiver says is passed on', () => {
  test.each<[string, Scripted, Partial<PeerTrouble>]>([
    ['an unknown key', proven(401, { message: 'it knows no such key' }), { kind: 'denied' }],
    ['a key of somebody else', proven(403, { message: 'no' }), { kind: 'denied' }],
    ['too much', proven(413, { message: 'no' }), { kind: 'too-large' }],
    [
      'too often',
      proven(429, { message: 'no' }, { 'retry-after': '7' }),
      { kind: 'busy', retryAfterMs: 7000 },
    ],
    [
      'not now',
      proven(503, { message: 'no' }, { 'retry-after': '31536000' }),
      { kind: 'busy', retryAfterMs: 3600_000 },
    ],
    [
      'a date to wait for',
      proven(503, {}, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }),
      { kind: 'busy', retryAfterMs: undefined },
    ],
    ['a mistake', proven(500, { message: 'no' }), { kind: 'failed' }],
    ['no such question', proven(404, { message: 'no' }), { kind: 'failed' }],
    ['what nobody understands', proven(200, { state: 1 }), { kind: 'failed' }],
    ['a list', proven(200, []), { kind: 'failed' }],
    ['a piece too large for a proxy', stranger(413, login), { kind: 'too-large' }],
  ])('%s', async (_, script, expected) => {
    await using server = await provingServer([script]);
    await expect(peerOf(server.url).state()).rejects.toMatchObject(expected);
  });

  test('a refusal, with where the receiver stands', async () => {
    const note = { reason: 'state', message: 'it is at batch 4', state: { ...sourceState, batch_no: 4 } };
    await using server = await provingServer([proven(409, note)]);
    const refusal = await peerOf(server.url)
      .send({ ...piece, bytes: Buffer.alloc(9) })
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ProtocolRefusal);
    expect(refusal).toMatchObject({ reason: 'state', message: 'it is at batch 4', state: { batchNo: 4 } });
  });
});

describe('nobody answers', () => {
  test('a port where nobody listens', async () => {
    const server = await provingServer([proven(200, state)]);
    await server[Symbol.asyncDispose]();
    await expect(peerOf(server.url).state()).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  test('a connection that is dropped', async () => {
    await using server = await provingServer([(request) => void request.socket.destroy()]);
    await expect(peerOf(server.url).state()).rejects.toMatchObject({ kind: 'unreachable' });
  });

  test.each<[string, Scripted]>([['silence', () => undefined]])('%s', async (_, script) => {
    await using server = await provingServer([script]);
    await expect(peerOf(server.url, { timeoutMs: 50 }).state()).rejects.toMatchObject({
      kind: 'timeout',
      message: expect.stringContaining('no answer within 0.05 s') as string,
    });
  });

  test('an answer without an end is not held', async () => {
    const endless: Scripted = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    await using server = await provingServer([endless]);
    await expect(peerOf(server.url).state()).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('more than') as string,
    });
  });

  test('to be told to stop is no trouble of the network', async () => {
    const stop = new AbortController();
    const reason = new Error('told to stop');
    await using server = await provingServer([() => void stop.abort(reason)]);
    const peer = peerOf(server.url, { signal: stop.signal });
    await expect(peer.state()).rejects.toBe(reason);
    await expect(peer.state()).rejects.toBe(reason);
  });
});

test('an early answer to a large piece is heard, though most of it was never sent', async () => {
  const early = createServer((request, response) =>
    proven(413, { message: 'no' })(request, response, seenNothing),
  );
  await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve));
  const { port } = early.address() as AddressInfo;
  const peer = peerOf(new URL(`http://127.0.0.1:${port}`));
  for (let time = 0; time < 2; time++)
    await expect(peer.send({ ...piece, bytes: Buffer.alloc(8_000_000) })).rejects.toMatchObject({
      kind: 'too-large',
    });
  early.closeAllConnections();
  await new Promise((resolve) => early.close(resolve));
});

describe('a certificate', () => {
  test('that is pinned is enough, and another one gets nothing at all', async () => {
    const made = await makeCertificate(['127.0.0.1', 'localhost'], new Date());
    const tls = { cert: made.certificate, key: made.privateKey };
    await using server = await provingServer([proven(200, state)], tls);
    await peerOf(server.url, { pin: made.fingerprint }).state();
    expect(server.seen).toHaveLength(1);
    await expect(peerOf(server.url, { pin: 'c'.repeat(64) }).state()).rejects.toMatchObject({
      kind: 'certificate',
      message: expect.stringContaining(`sha256:${made.fingerprint}`) as string,
    });
    await expect(peerOf(server.url).state()).rejects.toMatchObject({ kind: 'certificate' });
    expect(server.seen).toHaveLength(1);
  });

  test('is not asked for in the clear', async () => {
    await using server = await provingServer([proven(200, state)]);
    const to = new URL(server.url.href.replace('http:', 'https:'));
    await expect(peerOf(to, { pin: 'c'.repeat(64) }).state()).rejects.toMatchObject({ kind: 'unreachable' });
    expect(server.seen).toEqual([]);
  });
});

// A receiver behind an HTTP proxy: who it is is proven as without one, and a proxy that leads nowhere is told without its password.
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { proxyConfig, proxyFor } from '../../../lib/config/sections/proxy.ts';
import type { Peer } from '../../../lib/delta/peer.ts';
import { makeCertificate } from '../../../lib/http/certificate.ts';
import type { PeerOptions } from '../../../lib/http/client.ts';
import { proven, provingServer, testKey } from '../../support/proving-server.ts';
import { tunnelProxy } from '../../support/tunnel-proxy.ts';
import { realPeer } from '../../support/real-peer.ts';

function peerOf(to: string, options: Partial<PeerOptions>): Peer {
  const peer = realPeer({ to: new URL(to), key: testKey, ...options });
  onTestFinished(() => peer.close());
  return peer;
}

const answer = proven(200, { days: ['2026-11-20'] });
const proxyAt = (port: number, scheme = 'http') => new URL(`${scheme}://pi:p%40ss%zz@127.0.0.1:${port}`);

test('the pinned certificate is asked for through the tunnel, and another one gets nothing at all', async () => {
  const made = await makeCertificate(['reports.example'], new Date());
  await using server = await provingServer([answer], { cert: made.certificate, key: made.privateKey });
  const { port, asked } = await tunnelProxy({ port: Number(server.url.port) });
  const peer = peerOf('https://reports.example:8790', { pin: made.fingerprint, proxy: proxyAt(port) });
  expect(await peer.frozenDays()).toEqual(['2026-11-20']);
  expect(await peer.frozenDays()).toEqual(['2026-11-20']);
  expect(asked).toEqual([{ target: 'reports.example:8790', identity: 'pi:p%40ss%zz' }]);
  for (const pin of ['c'.repeat(64), undefined])
    await expect(
      peerOf('https://reports.example:8790', { pin, proxy: proxyAt(port) }).frozenDays(),
    ).rejects.toMatchObject({ kind: 'certificate' });
  expect(server.seen).toHaveLength(2);
});

test('a proxy that wants TLS itself is asked over it, and the receiver through it', async () => {
  const made = await makeCertificate(['127.0.0.1'], new Date());
  const authorities = getCACertificates();
  setDefaultCACertificates([...authorities, made.certificate]);
  onTestFinished(() => setDefaultCACertificates(authorities));
  const tls = { cert: made.certificate, key: made.privateKey };
  await using server = await provingServer([answer], tls);
  const { port, asked } = await tunnelProxy({ port: Number(server.url.port) }, tls);
  const options = { pin: made.fingerprint, proxy: proxyAt(port, 'https') };
  expect(await peerOf('https://reports.example', options).frozenDays()).toEqual(['2026-11-20']);
  expect(asked).toMatchObject([{ target: 'reports.example:443' }]);
});

test('a receiver in the clear is led to as well', async () => {
  await using server = await provingServer([answer]);
  const { port, asked } = await tunnelProxy({ port: Number(server.url.port) });
  await peerOf('http://reports.example', { proxy: proxyAt(port) }).frozenDays();
  expect(asked).toMatchObject([{ target: 'reports.example:80' }]);
  expect(server.seen[0]?.headers).toMatchObject({ host: 'reports.example' });
  expect(server.seen[0]?.headers['proxy-authorization']).toBeUndefined();
});

test.each<[string, string, RegExp]>([
  ['wants another password', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /the proxy answers 407$/],
  ['forbids it', 'HTTP/1.0 403 No\r\nContent-Length: 2\r\n\r\nno', /the proxy answers 403$/],
  ['is none', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', /what answers there is no HTTP proxy$/],
  ['never ends', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5000)}`, /what answers there is no HTTP proxy$/],
  ['hangs up', '\r\n', /the proxy has closed the connection$/],
  ['says nothing', '', /no answer within 0\.2 s$/],
])('a proxy that %s keeps the receiver out of reach', async (_, words, message) => {
  const { port } = await tunnelProxy({ answer: words });
  const timeoutMs = words === '' ? 200 : 10_000;
  const peer = peerOf('https://reports.example:8790', { proxy: proxyAt(port), timeoutMs });
  const error = await peer.state().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: 'unreachable', message: expect.stringMatching(message) as string });
  expect(String(error)).not.toMatch(/ss%zz|p@ss|%40/);
});

test('a proxy that is not there is named', async () => {
  const peer = peerOf('https://reports.example:8790', { proxy: proxyAt(1) });
  await expect(peer.state()).rejects.toThrow('cannot reach reports.example:8790: ECONNREFUSED 127.0.0.1:1');
});

const https = { HTTPS_PROXY: 'http://proxy.lan:3128' };
test.each<[Record<string, string>, string, string | undefined]>([
  [{}, 'https://reports.example', undefined],
  [https, 'https://reports.example', 'http://proxy.lan:3128/'],
  [https, 'http://reports.example', undefined],
  [{ ALL_PROXY: 'proxy.lan' }, 'http://reports.example', 'http://proxy.lan/'],
  [{ ...https, NO_PROXY: 'example' }, 'https://reports.example', undefined],
  [{ ...https, NO_PROXY: '.EXAMPLE' }, 'https://reports.example', undefined],
  [{ ...https, NO_PROXY: '*.reports.example' }, 'https://reports.example', undefined],
  [{ ...https, NO_PROXY: 'ports.example' }, 'https://reports.example', 'http://proxy.lan:3128/'],
  [{ ...https, NO_PROXY: 'reports.example:8790' }, 'https://reports.example:8790', undefined],
  [{ ...https, NO_PROXY: 'reports.example:8790' }, 'https://reports.example', 'http://proxy.lan:3128/'],
  [{ ...https, NO_PROXY: 'reports.example:443' }, 'https://reports.example', undefined],
  [{ ...https, NO_PROXY: 'fd00::5 [fd00::6]:8790' }, 'https://[fd00::5]', undefined],
  [{ ...https, NO_PROXY: 'fd00::5 [fd00::6]:8790' }, 'https://[fd00::6]:8790', undefined],
  [{ ...https, NO_PROXY: 'fd00::5 [fd00::6]:8790' }, 'https://[fd00::6]', 'http://proxy.lan:3128/'],
  [https, 'https://127.0.0.1:8790', undefined],
  [https, 'https://[::1]:8790', undefined],
  [{ HTTPS_PROXY: 'socks5://proxy.lan' }, 'https://reports.example', undefined],
])('with %j %s is asked through %s', (environment, to, expected) => {
  expect(proxyFor(proxyConfig(environment), new URL(to))?.href).toBe(expected);
});

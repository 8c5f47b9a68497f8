// Why nobody answered: in few words, with who was asked, and never with an address that may hold a password.
import { expect, test } from 'vitest';
import { networkReason } from '../../../lib/base/network-reason.ts';

function withDetails(message: string, details: object): Error {
  return Object.assign(new Error(message), details);
}

test.each<[string, string, unknown]>([
  [
    'the code and who was asked',
    'ECONNREFUSED 10.0.0.5:3128',
    { code: 'ECONNREFUSED', address: '10.0.0.5', port: 3128 },
  ],
  ['the code and the name', 'ENOTFOUND proxy.lan', { code: 'ENOTFOUND', hostname: 'proxy.lan' }],
  ['the code alone', 'UND_ERR_SOCKET', { code: 'UND_ERR_SOCKET' }],
  ['the message', 'bad port', {}],
])('is %s', (_, reason, details) => {
  const cause = withDetails('bad port', details as object);
  expect(networkReason(new TypeError('fetch failed', { cause }))).toBe(reason);
});

test('is what a proxy answered, however deep it lies', () => {
  const deepest = new Error('Proxy response (407) !== 200 when HTTP Tunneling');
  const cause = withDetails('Request was cancelled.', { code: 0, cause: deepest });
  expect(networkReason(new TypeError('fetch failed', { cause }))).toBe('the proxy answers 407');
});

test('comes to an end where the causes are a circle, and takes what is no error', () => {
  const circle = new Error('round');
  circle.cause = circle;
  expect(networkReason(circle)).toBe('round');
  expect(networkReason('gone')).toBe('gone');
});

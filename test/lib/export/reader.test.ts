// The address of a reader becomes arguments and settings of ssh and rsync, and can be nothing else there.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostWord, parseReader, publicKey } from '../../../lib/export/reader.ts';

test.each([
  ['tt@reports.example:/srv/days', { kind: 'ssh', user: 'tt', host: 'reports.example', path: '/srv/days' }],
  ['tt@reports:/srv/our days/', { kind: 'ssh', user: 'tt', host: 'reports', path: '/srv/our days' }],
  ['tt@reports:/', { kind: 'ssh', user: 'tt', host: 'reports', path: '/' }],
  ['tt@reports:days', { kind: 'ssh', user: 'tt', host: 'reports', path: 'days' }],
  ["tt@[fe80::1]:/srv/it's ü", { kind: 'ssh', user: 'tt', host: 'fe80::1', path: "/srv/it's ü" }],
  ['rsync://h/m', { kind: 'daemon', user: undefined, host: 'h', port: undefined, path: 'm' }],
  ['rsync://u@[::1]:8730/m/a b/', { kind: 'daemon', user: 'u', host: '::1', port: 8730, path: 'm/a b' }],
])('%s is a reader', (text, reader) => expect(parseReader(text)).toEqual(reader));

test.each([
  '',
  '/srv/days',
  'reports:/srv',
  'tt@:/srv',
  'tt@reports:',
  'tt@reports',
  'tt@reports::module',
  '-oProxyCommand=id@reports:/srv',
  'tt@-oProxyCommand=id:/srv',
  'tt@reports:-e sh',
  'tt@reports:~root',
  'tt@reports:/srv/../etc',
  'tt@reports:/srv/*',
  'tt@reports:/srv/\\x',
  'tt @reports:/srv',
  'tt@re ports:/srv',
  `tt@reports:/${'x'.repeat(1100)}`,
  'rsync://h',
  'rsync://h/',
  'rsync://h//etc',
  'rsync://h:0/m',
  'rsync://h:65536/m',
  'rsync://u:password@h/m',
  'http://h/m',
])('%j is none', (text) => expect(parseReader(text)).toHaveProperty('problem'));

test('whatever is taken, no part of it begins an option, and the host has no room for another word', () => {
  const piece = fc.constantFrom(
    '-',
    'a',
    'b@',
    '@',
    ':',
    '/',
    ' ',
    '[',
    ']',
    '..',
    'rsync://',
    '::1',
    '\n',
    "'",
    '$(x)',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const reader = parseReader(pieces.join(''));
      if ('problem' in reader) return;
      for (const part of [reader.user ?? 'u', reader.host, reader.path]) expect(part).not.toMatch(/^-|^$/);
      expect(hostWord(reader)).toMatch(/^[A-Za-z0-9._-]+$|^\[[0-9a-f:.]+\]$/i);
    }),
  );
});

const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIHK6lB5jLxq4JzWQXo5mXhJkT3GgAa9q0Yy6b8h0n6pE';

test.each([
  [`ssh-ed25519 ${ed25519}`, `ssh-ed25519 ${ed25519}`],
  [` ssh-ed25519 ${ed25519} root@reports\n`, `ssh-ed25519 ${ed25519}`],
  [`ssh-rsa ${ed25519}`, undefined],
  [`reports ssh-ed25519 ${ed25519}`, undefined],
  ['ssh-ed25519 AAAA', undefined],
  ['SHA256:spnqiBYWnydyOuUfSWwPcPwtZe6tI4QODvGHeCesO', undefined],
  [`ssh-ed25519 ${ed25519}\n* ssh-ed25519 ${ed25519}`, undefined],
])('the public key in %j', (text, key) => expect(publicKey(text)).toBe(key));

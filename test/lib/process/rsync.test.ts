// What rsync and ssh say, as they say it, and what is made of it: whether it passes by itself, and what helps if it does not.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReader, type Reader } from '../../../lib/export/reader.ts';
import type { EndedRsync } from '../../../lib/process/rsync-explanations.ts';
import { explainRsync } from '../../../lib/process/rsync-failure.ts';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import { itemOf } from '../../../lib/process/rsync-items.ts';
import { isGuess, openRsync } from '../../../lib/process/rsync.ts';
import { scratch } from '../../support/scratch.ts';

const closed = 'rsync: connection unexpectedly closed (0 bytes received so far) [sender]\n';
const protocol = 'rsync error: error in rsync protocol data stream (code 12) at io.c(285) [sender=3.5.0]\n';

function ended(exitCode: number, stderr: string, more: Partial<EndedRsync> = {}): EndedRsync {
  const reader = parseReader('tt@reports:/srv/days') as Reader;
  const called = 'tt@reports:/srv/days';
  return {
    exitCode,
    stderr,
    isDirectoryMissing: false,
    reader,
    called,
    port: undefined,
    identityCalled: '/key',
    ...more,
  };
}

describe('passes by itself', () => {
  test.each<[number, string, string]>([
    [
      255,
      'ssh: connect to host reports port 22: Connection refused\n',
      'ssh: connect to host reports port 22: Connection refused',
    ],
    [
      12,
      'ssh: Could not resolve hostname reports: Name or service not known\n',
      'ssh: Could not resolve hostname reports: Name or service not known',
    ],
    [
      255,
      'ssh: Could not resolve hostname reports: Temporary failure in name resolution\n',
      'name resolution',
    ],
    [255, 'ssh: connect to host reports port 22: No route to host\n', 'No route to host'],
    [255, 'ssh: connect to host reports port 22: Network is unreachable\n', 'Network is unreachable'],
    [255, 'Connection timed out during banner exchange\n', 'Connection timed out during banner exchange'],
    [255, 'Connection reset by 10.0.0.5 port 22\n', 'Connection reset'],
    [
      255,
      'kex_exchange_identification: Connection closed by remote host\n',
      'Connection closed by remote host',
    ],
    [255, 'Timeout, server reports not responding.\n', 'Timeout, server reports not responding'],
    [255, 'client_loop: send disconnect: Broken pipe\n', 'Broken pipe'],
    [
      10,
      'rsync: [sender] failed to connect to 10.0.0.5 (10.0.0.5): Connection refused (111)\n',
      'Connection refused',
    ],
    [10, 'rsync: getaddrinfo: reports 873: Name or service not known\n', 'Name or service not known'],
    [30, '[sender] io timeout after 60 seconds -- exiting\n', 'io timeout after 60 seconds'],
    [5, '@ERROR: max connections (4) reached -- try again later\n', 'max connections'],
    [12, '', 'connection unexpectedly closed'],
    [
      12,
      '/usr/bin/rrsync error: Another instance of rrsync is already accessing this directory.\n',
      'Another instance of rrsync',
    ],
    [35, 'rsync: [sender] failed to connect to 10.0.0.5: Connection timed out (110)\n', 'timed out'],
  ])('%i: %s', (exitCode, said, reason) => {
    expect(explainRsync(ended(exitCode, said + closed + protocol))).toMatchObject({
      isUnreachable: true,
      reason: expect.stringContaining(reason) as string,
    });
  });
});

describe('has to be mended', () => {
  test.each<[number, string, string, RegExp]>([
    [
      14,
      'rsync: [sender] Failed to exec ssh: No such file or directory (2)\n',
      'missing',
      /ssh is not installed here/,
    ],
    [
      12,
      'No ED25519 host key is known for holdfast-reader and you have requested strict checking.\nHost key verification failed.\n',
      'denied',
      /host key is not the one that is pinned$/,
    ],
    [
      255,
      'The fingerprint for the ED25519 key sent by the remote host is\nSHA256:spnqiBYWnyd.\nHost key verification failed.\n',
      'denied',
      /it shows SHA256:spnqiBYWnyd$/,
    ],
    [
      255,
      'Load key "identity": error in libcrypto\ntt@reports: Permission denied (publickey).\n',
      'config',
      /the private key in \/key cannot be used: error in libcrypto/,
    ],
    [255, 'tt@reports: Permission denied (publickey,password).\n', 'denied', /refuses our key/],
    [
      255,
      'Received disconnect from 10.0.0.5 port 22:2: Too many authentication failures\n',
      'denied',
      /refuses our key/,
    ],
    [127, 'bash: line 1: rsync: command not found\n', 'missing', /the reader has no rsync/],
    [127, '', 'missing', /the reader has no rsync/],
    [11, '', 'io', /could not write what it got: it is full/],
    [3, '', 'missing', /\/srv\/days is not there/],
    [
      2,
      'protocol version mismatch -- is your shell clean?\n(see the rsync manpage for an explanation)\n',
      'config',
      /answers that is no rsync/,
    ],
    [5, '@ERROR: auth failed on module days\n', 'denied', /refuses our user or password/],
    [1, 'ERROR: failed to read a password from -\n', 'denied', /refuses our user or password/],
    [5, "@ERROR: Unknown module 'days'\n", 'missing', /has no module/],
    [5, '@ERROR: chdir failed\n', 'missing', /is not there/],
    [
      5,
      '@ERROR: access denied to days from reports (10.0.0.5)\n',
      'denied',
      /takes nothing from this machine/,
    ],
    [
      1,
      'ERROR: module is read only\nrsync: [sender] read error: Connection reset by peer (104)\n',
      'denied',
      /read-only/,
    ],
    [12, '/usr/bin/rrsync error: sending to read-only server is not allowed\n', 'denied', /read-only/],
    [
      11,
      'rsync: [receiver] mkstemp "/srv/days/.a.json.x" failed: Read-only file system (30)\n',
      'denied',
      /read-only/,
    ],
    [4, 'rsync: The server is configured to refuse --checksum (-c)\n', 'denied', /refuses --checksum/],
    [
      11,
      'rsync: [receiver] write failed on "/srv/days/a.json": No space left on device (28)\n',
      'io',
      /no space left/,
    ],
    [
      11,
      'rsync: [receiver] write failed on "/srv/days/a.json": Disk quota exceeded (122)\n',
      'io',
      /no space left/,
    ],
    [
      11,
      'rsync: [Receiver] mkdir "/srv/days/." failed: No such file or directory (2)\n',
      'missing',
      /\/srv\/days is not there/,
    ],
    [
      3,
      'rsync: [Receiver] change_dir#3 "/srv/days" failed: No such file or directory (2)\n',
      'missing',
      /\/srv\/days is not there/,
    ],
    [
      23,
      'rsync: [receiver] mkstemp "/srv/days/.a.json.Xy" failed: Permission denied (13)\n',
      'denied',
      /may not write \/srv\/days/,
    ],
    [23, 'could not make way for new regular file: "read-only.json"\n', 'io', /exit code 23/],
    [23, 'could not make way for new regular file: "password.json"\n', 'io', /exit code 23/],
    [255, 'WARNING: Your password has expired.\n', 'io', /exit code 255: WARNING: Your password/],
    [
      255,
      'Unable to negotiate with 10.0.0.5 port 22: no matching host key type found. Their offer: ssh-dss\n',
      'denied',
      /not the one that is pinned/,
    ],
    [
      23,
      'could not make way for new regular file: a.json\n',
      'io',
      /rsync ended with exit code 23: could not make way/,
    ],
    [
      12,
      'Traceback (most recent call last):\n  File "/usr/bin/rrsync", line 338, in lock_or_die\nFileNotFoundError: [Errno 2] No such file or directory: \'/srv/days\'\n',
      'missing',
      /directory in which our key may write is not there/,
    ],
    [
      12,
      '/usr/bin/rrsync error: Restricted directory does not exist!\n',
      'missing',
      /our key may write is not there/,
    ],
    [
      1,
      "/usr/bin/rrsync error: unable to chdir to restricted dir: [Errno 2] No such file or directory: '/srv/days'\n",
      'missing',
      /our key may write is not there/,
    ],
    [
      1,
      "/usr/bin/rrsync error: unable to chdir to restricted dir: [Errno 13] Permission denied: '/srv/days'\n",
      'denied',
      /may not enter the directory/,
    ],
    [
      12,
      "PermissionError: [Errno 13] Permission denied: '/srv/days'\n",
      'denied',
      /may not enter the directory/,
    ],
    [12, 'rrsync error: unsafe arg: x\n', 'config', /what its authorized_keys runs says: unsafe arg: x/],
    [
      12,
      'Traceback (most recent call last):\n  File "/usr/bin/rrsync", line 9\nModuleNotFoundError: No module named \'argparse\'\n',
      'config',
      /authorized_keys runs says: ModuleNotFoundError: No module/,
    ],
    [
      12,
      "/usr/bin/env: 'python3': No such file or directory\n",
      'missing',
      /the reader has no rsync, or not/,
    ],
    [
      12,
      '/usr/bin/env: ‘python3’: No such file or directory\n',
      'missing',
      /the reader has no rsync, or not/,
    ],
    [126, 'sh: 1: /usr/bin/rrsync: bad interpreter: No such file\n', 'missing', /the reader has no rsync/],
    [99, '\u001b[2Jhello\u0007\n', 'io', /exit code 99: hello/],
  ])('%i: %s', (exitCode, said, kind, message) => {
    const failure = explainRsync(ended(exitCode, said + closed + protocol));
    expect(failure).toMatchObject({
      isUnreachable: false,
      error: { kind, message: expect.stringMatching(message) as string },
    });
    expect(failure?.isUnreachable === false && failure.error.hint).toBeTruthy();
  });

  test('where a module lies is for its daemon to say', () => {
    const reader = parseReader('rsync://tt@reports:8730/days/2026') as Reader;
    expect(explainRsync(ended(5, "@ERROR: Unknown module 'days'\n", { reader }))).toMatchObject({
      error: { hint: expect.stringMatching(/^rsync rsync:\/\/reports:8730\/ lists/) as string },
    });
    expect(explainRsync(ended(0, '', { isDirectoryMissing: true, reader }))).toMatchObject({
      error: { hint: expect.stringMatching(/gives the module days, 2026 in it: mkdir -p$/) as string },
    });
  });

  test('a directory that would have been made, though rsync says that all went well', () => {
    expect(explainRsync(ended(0, '', { isDirectoryMissing: true }))).toMatchObject({
      error: { kind: 'missing' },
    });
    expect(explainRsync(ended(0, 'a warning\n'))).toBeUndefined();
  });
});

describe('an end of which only the exit code arrives', () => {
  /** An rsync that says why it fails from its `from`-th call on. */
  async function saysFrom(from: number) {
    const root = scratch();
    const calls = join(root, 'calls');
    mkdirSync(join(root, 'bin'));
    const script = `#!/bin/sh
echo >>'${calls}'
[ "$(wc -l <'${calls}')" -lt ${from} ] || echo 'rsync: [Receiver] mkdir "/srv/days/." failed: No such file or directory (2)' >&2
echo 'rsync error: error in file IO (code 11) at main.c(791) [Receiver=3.2.7]' >&2
exit 11
`;
    writeFileSync(join(root, 'bin', 'rsync'), script);
    chmodSync(join(root, 'bin', 'rsync'), 0o755);
    using directory = await holdDirectory(root);
    const options = {
      ...ended(0, ''),
      reader: parseReader('rsync://tt@reports/days') as Reader,
      hostKeys: [],
      identityPath: undefined,
      password: '',
      limitBytesPerSecond: undefined,
      timeoutMs: 60_000,
      deadlineMs: 60_000,
      searchPath: `${join(root, 'bin')}:/usr/bin:/bin`,
      signal: new AbortController().signal,
    };
    const rsync = await openRsync(directory, options);
    const looked = await rsync.look(['a.json']);
    return { looked, calls: readFileSync(calls, 'utf8').length };
  }

  test.each([1, 2, 5])('is asked again until it says why: from call %i on', async (from) => {
    const { looked, calls } = await saysFrom(from);
    expect(looked.failure).toMatchObject({ isUnreachable: false, error: { kind: 'missing' } });
    expect(isGuess(looked)).toBe(false);
    expect(calls).toBe(from);
  });

  test('is a guess where it never does', async () => {
    const { looked, calls } = await saysFrom(99);
    expect(looked.failure).toMatchObject({ isUnreachable: false, error: { kind: 'io' } });
    expect(isGuess(looked)).toBe(true);
    expect(calls).toBe(5);
  });
});

describe('a line of what rsync looks at', () => {
  test.each([
    ['.f          a b.json', { name: 'a b.json', found: 'same' }],
    ['.f..t...... a.json', { name: 'a.json', found: 'other' }],
    ['<f+++++++++ -e.json', { name: '-e.json', found: 'none' }],
    ['<fcsT...... #.json', { name: '#.json', found: 'other' }],
    [String.raw`<fc........ \#303\#274.json`, { name: 'ü.json', found: 'other' }],
    [String.raw`.f          b\#134#101.json`, { name: String.raw`b\#101.json`, found: 'same' }],
    ['.d          ./', undefined],
    ['cd+++++++++ x/', undefined],
    ['.f         a.json', undefined],
    ['created directory /srv', undefined],
    ['', undefined],
  ])('%s', (line, item) => expect(itemOf(line)).toEqual(item));

  test('gives back every name that rsync writes', () => {
    // As rsync writes it where the locale is C (log.c, filtered_fwrite).
    const written = (name: string) =>
      [...Buffer.from(name)]
        .map((byte, at, bytes) => {
          const looksEscaped =
            byte === 92 && /^#[0-9]{3}/.test(Buffer.from(bytes.slice(at + 1, at + 5)).toString('latin1'));
          const isPlain = byte >= 32 && byte < 127 && !looksEscaped;
          return isPlain ? String.fromCharCode(byte) : `\\#${byte.toString(8).padStart(3, '0')}`;
        })
        .join('');
    const name = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: fc.constantFrom('\\', '#', '1', '3', 'a', 'ü'), minLength: 1 }),
    );
    fc.assert(
      fc.property(name, (text) => {
        expect(itemOf(`.f          ${written(text)}`)?.name).toBe(text);
      }),
    );
  });
});

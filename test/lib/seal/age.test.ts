import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { identityProblem, publicKeyProblem } from '../../../lib/record/age-key.ts';
import { makeIdentity, openWith, sealTo } from '../../../lib/seal/age.ts';
import { parseIdentities, parseTypedIdentity } from '../../../lib/seal/identity-text.ts';
import { scratch } from '../../support/scratch.ts';
import { someBytes } from '../../support/some-bytes.ts';

const chunkBytes = 64 * 1024;
/** Around the ends of a chunk, and of the blocks that a file is read in. */
const sizes = [
  0,
  1,
  chunkBytes - 1,
  chunkBytes,
  chunkBytes + 1,
  16 * chunkBytes,
  16 * chunkBytes + 1,
  3_000_000,
];
const run = promisify(execFile);

const isInstalled = spawnSync('age', ['--version']).status === 0; // test/requirements.test.ts fails where it must be there

const pair = await makeIdentity();
const other = await makeIdentity();
const seal = sealTo([pair.recipient]);
const opening = await openWith([pair.identity]);

async function makeClear(bytes: Uint8Array) {
  const directory = scratch();
  const [clear, sealed, opened] = ['clear', 'sealed', 'opened'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(clear, bytes);
  return { clear, sealed, opened };
}

describe('sealing', () => {
  it.each(sizes)('brings %i bytes back, and its digests are those of what lies there', async (size) => {
    const { clear, sealed, opened } = await makeClear(someBytes(size));
    const digest = await seal.sealFile(clear, sealed);
    expect(digest).toEqual(await digestFile(sealed));
    expect(await opening.openFile(sealed, opened)).toEqual(await digestFile(opened));
    expect((await readFile(opened)).equals(await readFile(clear))).toBe(true);
  });

  it('makes other bytes each time, for each of several recipients, who need not be all', async () => {
    const { clear, sealed, opened } = await makeClear(someBytes(70_000));
    const both = sealTo([other.recipient, pair.recipient]);
    const first = await both.sealFile(clear, sealed);
    expect(await both.sealFile(clear, `${sealed}-2`)).not.toMatchObject({ sha256: first.sha256 });
    await opening.openFile(sealed, opened);
    await (await openWith([other.identity])).openFile(sealed, `${opened}-2`);
    await (await openWith([(await makeIdentity()).identity, other.identity])).openFile(sealed, `${opened}-3`);
    expect(await digestFile(`${opened}-3`)).toMatchObject({ sha256: (await digestFile(clear)).sha256 });
  });

  it('carries a text, and lets no more out than is allowed', async () => {
    const text = 'drivers: 1,234 rows\n'.repeat(5000);
    const sealed = await seal.sealText(text);
    expect(await opening.openText(sealed, text.length)).toBe(text);
    await expect(opening.openText(sealed, text.length - 1)).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('never overwrites, and leaves nothing of what could not be finished', async () => {
    const { clear, sealed } = await makeClear(someBytes(3_000_000));
    await writeFile(sealed, 'old');
    await expect(seal.sealFile(clear, sealed)).rejects.toMatchObject({ kind: 'refused' });
    expect(await readFile(sealed, 'utf8')).toBe('old');
    const abort = new AbortController();
    const onProgress = () => {
      abort.abort(new Error('told to stop'));
    };
    await expect(seal.sealFile(clear, `${sealed}-2`, { signal: abort.signal, onProgress })).rejects.toThrow(
      'told to stop',
    );
    expect(existsSync(`${sealed}-2`)).toBe(false);
  });
});

describe('opening refuses, leaving nothing,', () => {
  const clear = someBytes(2 * chunkBytes + 100);
  const flip = (bytes: Buffer, at: number) => {
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };
  const chunk = chunkBytes + 16;
  it.each<[string, 'damaged' | 'denied', (sealed: Buffer) => Buffer]>([
    ['an empty file', 'damaged', () => Buffer.alloc(0)],
    ['half of a header', 'damaged', (sealed) => sealed.subarray(0, 60)],
    ['a header without a payload', 'damaged', (sealed) => sealed.subarray(0, sealed.indexOf('\n--- ') + 49)],
    ['what is no age file', 'damaged', () => someBytes(400_000)],
    ['one bit in the name of the format', 'damaged', (sealed) => flip(sealed, 3)],
    ['one bit in the code of the header', 'damaged', (sealed) => flip(sealed, sealed.indexOf('\n--- ') + 10)],
    ['one bit in the payload', 'damaged', (sealed) => flip(sealed, sealed.indexOf('\n--- ') + 1000)],
    ['one bit at the end', 'damaged', (sealed) => flip(sealed, -1)],
    ['a byte too few', 'damaged', (sealed) => sealed.subarray(0, -1)],
    ['a byte too many', 'damaged', (sealed) => Buffer.concat([sealed, Buffer.alloc(1)])],
    ['the last chunk cut off', 'damaged', (sealed) => sealed.subarray(0, -116)],
    ['the last two chunks cut off', 'damaged', (sealed) => sealed.subarray(0, -116 - chunk)],
    [
      'two chunks exchanged',
      'damaged',
      (sealed) => {
        const at = sealed.length - 116 - 2 * chunk;
        const [first, second] = [
          sealed.subarray(at, at + chunk),
          sealed.subarray(at + chunk, at + 2 * chunk),
        ];
        return Buffer.concat([sealed.subarray(0, at), second, first, sealed.subarray(-116)]);
      },
    ],
  ])('%s', async (_what, kind, change) => {
    const files = await makeClear(clear);
    await seal.sealFile(files.clear, files.sealed);
    await writeFile(files.sealed, change(await readFile(files.sealed)));
    await expect(opening.openFile(files.sealed, files.opened)).rejects.toMatchObject({ kind });
    expect(existsSync(files.opened)).toBe(false);
  });

  it('what is sealed for somebody else, and says so', async () => {
    const files = await makeClear(clear);
    await sealTo([other.recipient]).sealFile(files.clear, files.sealed);
    const failure = opening.openFile(files.sealed, files.opened);
    await expect(failure).rejects.toMatchObject({ kind: 'denied' });
    await expect(failure).rejects.toThrow('sealed for other recipients than this identity');
    expect(existsSync(files.opened)).toBe(false);
  });
});

describe.skipIf(!isInstalled)('age, when it is installed,', () => {
  it.each([1, chunkBytes, 3_000_000])(
    'opens %i bytes that were sealed here, and seals what opens here',
    async (size) => {
      const { clear, sealed, opened } = await makeClear(someBytes(size));
      const identity = `${clear}-identity`;
      await writeFile(identity, `${pair.identity}\n`);
      await seal.sealFile(clear, sealed);
      await run('age', ['-d', '-i', identity, '-o', opened, sealed]);
      expect((await readFile(opened)).equals(await readFile(clear))).toBe(true);
      await run('age', ['-r', pair.recipient, '-o', `${sealed}-2`, clear]);
      await opening.openFile(`${sealed}-2`, `${opened}-2`);
      expect((await readFile(`${opened}-2`)).equals(await readFile(clear))).toBe(true);
    },
  );

  it('makes identities that are read, and calls the same public key theirs', async () => {
    const { stdout } = await run('age-keygen', []);
    const [identity = ''] = parseIdentities(stdout, 'key.txt');
    expect((await openWith([identity])).recipients).toEqual([/public key: (\S+)/.exec(stdout)?.[1]]);
  });
});

describe('a key', () => {
  it('is one only as it was made', () => {
    expect(publicKeyProblem(pair.recipient)).toBeUndefined();
    expect(identityProblem(pair.identity)).toBeUndefined();
    for (let at = 0; at < pair.recipient.length; at += 1) {
      const letter = pair.recipient[at] === 'q' ? 'p' : 'q';
      const mistyped = `${pair.recipient.slice(0, at)}${letter}${pair.recipient.slice(at + 1)}`;
      expect(publicKeyProblem(mistyped), mistyped).toBeDefined();
    }
  });

  it.each([
    ['a secret key', pair.identity, 'is a secret key'],
    ['a secret key in small letters', pair.identity.toLowerCase(), 'is a secret key'],
    ['a secret key with a word before it', `key: ${pair.identity}`, 'is a secret key'],
    ['a cut one', pair.recipient.slice(0, -1), 'has 61 characters, and a key has 62'],
    ['one in capitals', pair.recipient.toUpperCase(), 'is no public key of age'],
    ['one of another kind', 'age1pq1qqqqqqqqqqqqqqqqqqq', 'is a key of a kind that is not supported'],
    ['one of SSH', 'ssh-ed25519 AAAAC3NzaC1', 'is a key of SSH'],
    ['nothing', '', 'is no public key of age'],
  ])('for recipients is refused: %s', (_what, text, problem) => {
    expect(publicKeyProblem(text)).toContain(problem);
    if (text.length > 20)
      expect(publicKeyProblem(text)?.toLowerCase()).not.toContain(text.slice(-20).toLowerCase());
  });

  it('is read from a file with comments, and as it was typed from paper', () => {
    expect(parseIdentities(`# created: today\n\n${pair.identity}\r\n${other.identity}`, 'k')).toEqual([
      pair.identity,
      other.identity,
    ]);
    const typed = (pair.identity.toLowerCase().match(/.{1,4}/g) ?? []).join(' ');
    expect(parseTypedIdentity(`  ${typed}\n`)).toBe(pair.identity);
  });

  it.each([
    ['a public key', pair.recipient, 'is a public key'],
    ['nothing but comments', '# nothing\n', 'there is none in it'],
    ['a sealed file', '-----BEGIN AGE ENCRYPTED FILE-----\n', 'it is sealed itself'],
    [
      'a mistyped one',
      `${pair.identity.slice(0, -1)}${pair.identity.endsWith('Q') ? 'P' : 'Q'}`,
      'its checksum is wrong',
    ],
    ['a cut one', pair.identity.slice(0, -9), 'characters, and a key has 74'],
    ['one of another kind', 'AGE-PLUGIN-YUBIKEY-1QQQQ', 'of a kind that is not supported'],
    ['a word too many', `${pair.identity} mine`, 'characters, and a key has 74'],
    ['anything else', someBytes(40).toString('latin1'), 'does not begin with AGE-SECRET-KEY-1'],
  ])('in a file is refused, and never repeated: %s', (_what, text, problem) => {
    const shown = (read: () => unknown) => {
      try {
        read();
      } catch (error) {
        if (error instanceof OpsError)
          return {
            message: error.message,
            all: JSON.stringify({ ...error, cause: error.cause, stack: error.stack }),
          };
      }
      throw new Error('it was read');
    };
    const { message, all } = shown(() => parseIdentities(text, 'key.txt'));
    expect(message).toContain(problem);
    expect(message).toContain('cannot use key.txt as an identity: ');
    for (let at = 20; at + 12 < text.length; at += 1)
      expect(all.toLowerCase()).not.toContain(text.slice(at, at + 12).toLowerCase());
  });
});

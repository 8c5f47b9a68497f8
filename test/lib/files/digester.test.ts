import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createDigester } from '../../../lib/files/digester.ts';
import { someBytes } from '../../support/some-bytes.ts';

const mebibyte = 1024 * 1024;

/** The hashes as Dropbox describes them, computed the plain way. */
function plainDigest(bytes: Uint8Array) {
  const sha256 = (part: Uint8Array) => createHash('sha256').update(part).digest();
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 4 * mebibyte) {
    blocks.push(sha256(bytes.subarray(at, at + 4 * mebibyte)));
  }
  return {
    sizeBytes: bytes.length,
    sha256: sha256(bytes).toString('hex'),
    contentHash: sha256(Buffer.concat(blocks)).toString('hex'),
    blockDigests: Buffer.concat(blocks),
  };
}

describe('createDigester', () => {
  it('gives the SHA-256 of nothing for no bytes, as content hash too', () => {
    const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const blockDigests = Buffer.alloc(0);
    const expected = { sizeBytes: 0, sha256: nothing, contentHash: nothing, blockDigests };
    expect(createDigester().finish()).toEqual(expected);
  });

  it.each([1, 4 * mebibyte - 1, 4 * mebibyte, 4 * mebibyte + 1, 8 * mebibyte, 9 * mebibyte])(
    'agrees with the plain computation for %i bytes at once',
    (length) => {
      const bytes = someBytes(length);
      const digester = createDigester();
      digester.update(bytes);
      expect(digester.finish()).toEqual(plainDigest(bytes));
    },
  );

  it.each([1_000_003, 3 * mebibyte, 4 * mebibyte, 5 * mebibyte])(
    'does not depend on the pieces: %i bytes each',
    (pieceBytes) => {
      const bytes = someBytes(13 * mebibyte + 7);
      const digester = createDigester();
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        digester.update(bytes.subarray(at, at + pieceBytes));
      }
      expect(digester.finish()).toEqual(plainDigest(bytes));
    },
  );

  it('has read the bytes when update is done, so that a buffer can be used again', () => {
    const buffer = Buffer.alloc(4 * mebibyte);
    const digester = createDigester();
    for (const value of [1, 2, 3]) {
      buffer.fill(value);
      digester.update(buffer);
    }
    const whole = Buffer.concat([1, 2, 3].map((value) => Buffer.alloc(4 * mebibyte, value)));
    expect(digester.finish()).toEqual(plainDigest(whole));
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { looksEncrypted, otherFormat, parseHeader } from '../../../lib/sqlite/header.ts';
import { scratch } from '../../support/scratch.ts';
import { makeLedger, query } from './databases.ts';

describe('a header', () => {
  test.each([512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536])('tells a page size of %i', (pageSize) => {
    const path = join(scratch(), 'a.db');
    makeLedger(path, { pageSize });
    const pageCount = query(path, 'PRAGMA page_count')[0];
    expect(parseHeader(readFileSync(path))).toEqual({ pageSize, wal: false, pageCount });
  });

  test('tells WAL mode', () => {
    const path = join(scratch(), 'a.db');
    makeLedger(path, { journalMode: 'wal' });
    expect(parseHeader(readFileSync(path))).toMatchObject({ wal: true });
  });

  // SQLite itself goes by the read version alone (https://sqlite.org/fileformat2.html, 1.3.3).
  test('tells WAL mode by what a reader must know', () => {
    const path = join(scratch(), 'a.db');
    makeLedger(path);
    const bytes = readFileSync(path);
    bytes[18] = 1;
    bytes[19] = 2;
    expect(parseHeader(bytes)).toMatchObject({ wal: true });
    bytes[18] = 2;
    bytes[19] = 1;
    expect(parseHeader(bytes)).toMatchObject({ wal: false });
  });

  test.each([0, 2, 256, 1000, 4097])('with a page size of %i is none', (pageSize) => {
    const path = join(scratch(), 'a.db');
    makeLedger(path);
    const bytes = readFileSync(path);
    bytes.writeUInt16BE(pageSize, 16);
    expect(parseHeader(bytes)).toBeUndefined();
  });

  test('that is cut short, or of another file, is none', () => {
    const path = join(scratch(), 'a.db');
    makeLedger(path);
    expect(parseHeader(readFileSync(path).subarray(0, 99))).toBeUndefined();
    expect(parseHeader(Buffer.alloc(100))).toBeUndefined();
    expect(parseHeader(Buffer.from('SQLite format 2\0'.padEnd(100)))).toBeUndefined();
  });
});

// The beginning of a JPEG file as cameras and editors write it: JFIF, then a table of 64 numbers.
const jpeg = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010101004800480000ffdb004300', 'hex'),
  Buffer.from(Array.from({ length: 75 }, (_, index) => 3 + index)),
]);

describe('the first bytes of another file', () => {
  const examples: [name: string, bytes: Buffer, encrypted: boolean, format: string | undefined][] = [
    ['text', Buffer.from('id,guest,amount\n1,Ada Lovelace,120\n'.repeat(9)), false, undefined],
    [
      'an SQL dump',
      Buffer.from('PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n'.repeat(5)),
      false,
      undefined,
    ],
    ['base64', Buffer.from(randomBytes(300).toString('base64')), false, undefined],
    ['UTF-16', Buffer.from('Bookings of the year'.repeat(9), 'utf16le'), false, undefined],
    ['zeros', Buffer.alloc(4096), false, undefined],
    ['a gzip file', gzipSync(randomBytes(4096)), false, 'a gzip file'],
    ['a zstd file', zstdCompressSync(randomBytes(4096)), false, 'a zstd file'],
    ['a zip file', Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(200)]), false, 'a zip file'],
    [
      'a PNG picture',
      Buffer.concat([Buffer.from('\x89PNG', 'latin1'), randomBytes(200)]),
      false,
      'a PNG picture',
    ],
    ['a JPEG picture', jpeg, false, 'a JPEG picture'],
    ['too few random bytes', randomBytes(99), false, undefined],
    [
      'a compressed file without a beginning of its own',
      brotliCompressSync(randomBytes(4096)),
      true,
      undefined,
    ],
  ];
  test.each(examples)('of %s are taken for what they are', (_, bytes, encrypted, format) => {
    expect(parseHeader(bytes)).toBeUndefined();
    expect({ encrypted: looksEncrypted(bytes), format: otherFormat(bytes) }).toEqual({ encrypted, format });
  });

  test('are called encrypted when they are random, every time', () => {
    const random = createHash('shake256', { outputLength: 1_000_000 }).update('seed').digest();
    const headers = Array.from({ length: 10_000 }, (_, index) =>
      random.subarray(index * 100, index * 100 + 100),
    );
    expect(headers.filter((bytes) => !looksEncrypted(bytes))).toEqual([]);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSmallFile } from '../../../lib/files/read-small-file.ts';
import { scratch } from '../../support/scratch.ts';

const options = { sizeBytesMax: 100, follow: false };

test('a file is read whole up to the size it may have, and not beyond', async () => {
  const path = join(scratch(), 'note.json');
  writeFileSync(path, 'x'.repeat(100));
  expect((await readSmallFile(path, options)).bytes.toString()).toBe('x'.repeat(100));
  writeFileSync(path, 'x'.repeat(101));
  await expect(readSmallFile(path, options)).rejects.toMatchObject({ kind: 'damaged' });
});

test.each([
  ['a pipe', (path: string) => void execFileSync('mkfifo', [path]), { kind: 'refused' }],
  ['a directory', (path: string) => mkdirSync(path), { kind: 'refused' }],
  ['a link', (path: string) => symlinkSync('/etc/hostname', path), { code: 'ELOOP' }],
  ['a link to a device', (path: string) => symlinkSync('/dev/zero', path), { kind: 'refused' }, true],
  [
    'a file of many gigabytes',
    (path: string) => {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 40);
    },
    { kind: 'damaged' },
  ],
  ['nothing', () => undefined, { code: 'ENOENT' }],
])('%s is an error at once', async (_, make, expected, follow = false) => {
  const path = join(scratch(), 'note.json');
  make(path);
  await expect(readSmallFile(path, { ...options, follow })).rejects.toMatchObject(expected);
});

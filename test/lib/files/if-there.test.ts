// What is not there is undefined; everything else is as it was.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ifPathThere, ifThere } from '../../../lib/files/if-there.ts';
import { scratch } from '../../support/scratch.ts';

function world() {
  const directory = scratch();
  writeFileSync(join(directory, 'file'), 'words');
  mkdirSync(join(directory, 'folder'));
  return (name: string) => readFile(join(directory, name), 'utf8');
}

test('what is there is given', async () => {
  const read = world();
  expect(await ifThere(read('file'))).toBe('words');
  expect(await ifPathThere(read('file'))).toBe('words');
});

test('what is not there is undefined', async () => {
  const read = world();
  expect(await ifThere(read('nothing'))).toBeUndefined();
  expect(await ifPathThere(read('nothing'))).toBeUndefined();
});

test('a file in the way is an error, unless the whole path is asked for', async () => {
  const read = world();
  await expect(ifThere(read('file/nothing'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  expect(await ifPathThere(read('file/nothing'))).toBeUndefined();
});

test('any other error is thrown', async () => {
  const read = world();
  await expect(ifThere(read('folder'))).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(ifPathThere(read('folder'))).rejects.toMatchObject({ code: 'EISDIR' });
});

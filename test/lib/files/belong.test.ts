import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { giveToOwnerOf } from '../../../lib/files/belong.ts';
import { scratch } from '../../support/scratch.ts';

const module = resolve(import.meta.dirname, '../../../lib/files/belong.ts');
const isRoot = process.geteuid?.() === 0;

function owned(uid: number, gid: number): { directory: string; file: string } {
  const directory = join(scratch(), 'store');
  mkdirSync(directory);
  const file = join(directory, 'new');
  writeFileSync(file, '');
  chownSync(directory, uid, gid);
  return { directory, file };
}

const ownerOf = (path: string) => [statSync(path).uid, statSync(path).gid];

test.skipIf(!isRoot)(
  'what root makes in the directory of another user becomes that user’s (needs root)',
  async () => {
    const { directory, file } = owned(1234, 4321);
    await giveToOwnerOf(directory, file);
    expect(ownerOf(file)).toEqual([1234, 4321]);
  },
);

test.skipIf(!isRoot)(
  'whose directory it is, is asked of the directory and not of a link to it (needs root)',
  async () => {
    const { directory, file } = owned(1234, 4321);
    const link = join(scratch(), 'link');
    symlinkSync(directory, link);
    await giveToOwnerOf(link, file);
    expect(ownerOf(file)).toEqual([1234, 4321]);
  },
);

test.skipIf(!isRoot)('in a directory of root it stays as it is (needs root)', async () => {
  const { directory, file } = owned(0, 4321);
  await giveToOwnerOf(directory, file);
  expect(ownerOf(file)).toEqual([0, 0]);
});

test.skipIf(!isRoot)('what a link leads to is not touched (needs root)', async () => {
  const { directory, file } = owned(1234, 4321);
  const link = join(scratch(), 'link');
  symlinkSync(file, link);
  await giveToOwnerOf(directory, link);
  expect(ownerOf(file)).toEqual([0, 0]);
});

test.skipIf(!isRoot)(
  'who is not root gives nothing away, and is not told off for it (needs root)',
  async () => {
    const { directory, file } = owned(1234, 4321);
    const program = `import(${JSON.stringify(module)}).then(({ giveToOwnerOf }) => giveToOwnerOf(...process.argv.slice(1)))`;
    const asNobody = ['--reuid=65534', '--clear-groups', process.execPath, '-e', program, directory, file];
    await promisify(execFile)('setpriv', asNobody);
    expect(ownerOf(file)).toEqual([0, 0]);
  },
);

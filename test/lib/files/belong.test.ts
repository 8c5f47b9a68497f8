// What root makes in the directories of others: given to them by its descriptor, never by a name that they may exchange.
import { chownSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { giveDirectoryToOwnerOf, giveToOwnerOf } from '../../../lib/files/belong.ts';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';

const isRoot = process.geteuid?.() === 0;

function owned(uid: number, gid: number): { directory: string; file: string } {
  const directory = join(scratch(), 'store');
  mkdirSync(directory);
  const file = join(directory, 'new');
  writeFileSync(file, '');
  chownSync(directory, uid, gid);
  return { directory, file };
}

async function give(directory: string, file: string, meanwhile = (): void => undefined): Promise<void> {
  using held = await holdDirectory(directory);
  await using made = await open(file);
  meanwhile();
  await giveToOwnerOf(held, made);
}

const ownerOf = (path: string) => [statSync(path).uid, statSync(path).gid];

test.skipIf(!isRoot)(
  'what root makes in the directory of another user becomes that user’s (needs root)',
  async () => {
    const { directory, file } = owned(1234, 4321);
    await give(directory, file);
    expect(ownerOf(file)).toEqual([1234, 4321]);
  },
);

test.skipIf(!isRoot)('in a directory of root it stays as it is (needs root)', async () => {
  const { directory, file } = owned(0, 4321);
  await give(directory, file);
  expect(ownerOf(file)).toEqual([0, 0]);
});

test.skipIf(!isRoot)('what got its name since is not given away (needs root)', async () => {
  const { directory, file } = owned(1234, 4321);
  const precious = join(scratch(), 'precious');
  writeFileSync(precious, '');
  await give(directory, file, () => {
    renameSync(file, `${file}-away`);
    symlinkSync(precious, file);
  });
  expect(ownerOf(precious)).toEqual([0, 0]);
  expect(ownerOf(`${file}-away`)).toEqual([1234, 4321]);
});

test.skipIf(!isRoot)(
  'a directory is given away when it is new, and not one that got its name since (needs root)',
  async () => {
    const { directory } = owned(1234, 4321);
    using parent = await holdDirectory(directory);
    const [fresh, used] = [join(directory, 'fresh'), join(directory, 'used')];
    for (const path of [fresh, used]) mkdirSync(path);
    writeFileSync(join(used, 'snapshot.db'), 'of another app');
    for (const name of ['fresh', 'used']) {
      using made = await parent.hold(name);
      await giveDirectoryToOwnerOf(parent, made);
    }
    expect([ownerOf(fresh), ownerOf(used)]).toEqual([
      [1234, 4321],
      [0, 0],
    ]);
  },
);

test.skipIf(!isRoot)(
  'who is not root gives nothing away, and is not told off for it (needs root)',
  async () => {
    const { directory, file } = owned(1234, 4321);
    using held = await holdDirectory(directory);
    await using made = await open(file);
    await asNobody(() => giveToOwnerOf(held, made));
    expect(ownerOf(file)).toEqual([0, 0]);
  },
);

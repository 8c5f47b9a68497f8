import {
  chownSync,
  lchownSync,
  mkdirSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { holdDirectory } from '../../../lib/files/held-directory.ts';
import { locateDirectory, locateFile } from '../../../lib/files/locate-file.ts';
import { scratch } from '../../support/scratch.ts';

const isRoot = process.geteuid?.() === 0;

function world(): string {
  const directory = realpathSync(scratch());
  mkdirSync(join(directory, 'data'));
  writeFileSync(join(directory, 'data', 'app.db'), 'x');
  return directory;
}

describe('what a path leads to', () => {
  test.each([
    ['the file itself', 'data/app.db', {}, 'data/app.db', true],
    ['a name that is free', 'data/new.db', {}, 'data/new.db', false],
    ['a link to the file', 'link.db', { 'link.db': 'data/app.db' }, 'data/app.db', true],
    ['a link to its directory', 'link/new.db', { link: 'data' }, 'data/new.db', false],
    ['a link with steps up', 'data/up.db', { 'data/up.db': '../data/./../data/app.db' }, 'data/app.db', true],
    ['a link to a link', 'one.db', { 'one.db': 'two/app.db', two: 'data' }, 'data/app.db', true],
  ])('%s', async (_, path, links, real, exists) => {
    const directory = world();
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(directory, name));
    using found = await locateFile(join(directory, path));
    expect([found.path, found.exists]).toEqual([join(directory, real), exists]);
    expect(found.directory.at(found.name)).toMatch(/^\/proc\/self\/fd\/\d+\/[a-z]+\.db$/);
  });

  test('a link from the root', async () => {
    const directory = world();
    symlinkSync(join(directory, 'data'), join(directory, 'absolute'));
    using found = await locateFile(join(directory, 'absolute', 'app.db'));
    expect(found.path).toBe(join(directory, 'data', 'app.db'));
  });

  test.each([
    ['a link to nothing', 'dangling.db', { 'dangling.db': 'nowhere.db' }],
    ['a directory that is not there', 'nowhere/app.db', {}],
    ['a link to a directory that is not there', 'dangling/app.db', { dangling: 'nowhere' }],
    ['a file in the middle', 'data/app.db/x.db', {}],
    ['links in a circle', 'one.db', { 'one.db': 'two.db', 'two.db': 'one.db' }],
  ])('%s is told, and nothing is made', async (_, path, links) => {
    const directory = world();
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(directory, name));
    await expect(locateFile(join(directory, path))).rejects.toMatchObject({
      kind: 'missing',
      message: expect.stringContaining(`cannot find ${join(directory, path)}: `),
    });
  });
});

test('a directory stays the one that was found, whatever becomes of its name', async () => {
  const directory = world();
  using found = await locateFile(join(directory, 'data', 'app.db'));
  renameSync(join(directory, 'data'), join(directory, 'away'));
  symlinkSync('/etc', join(directory, 'data'));
  expect(await found.directory.names()).toEqual(['app.db']);
  writeFileSync(found.directory.at('new'), '');
  expect(await found.directory.names()).toEqual(['app.db', 'new']);
});

describe.runIf(isRoot)('a link that another user made', () => {
  const [appUid, otherUid] = [4321, 4322];

  test.each([
    ['root, to anything', 0, appUid, true],
    ['the owner of the file', appUid, appUid, true],
    ["another user, to the app's file", otherUid, appUid, false],
    ["the app's user, to a file of root", appUid, 0, false],
  ])('%s', async (_, linkUid, fileUid, isFollowed) => {
    const directory = world();
    chownSync(join(directory, 'data', 'app.db'), fileUid, fileUid);
    for (const [name, target] of Object.entries({ 'link.db': 'data/app.db', link: 'data' })) {
      symlinkSync(target, join(directory, name));
      lchownSync(join(directory, name), linkUid, linkUid);
    }
    for (const path of ['link.db', 'link/app.db']) {
      const located = locateFile(join(directory, path));
      if (isFollowed) (await located)[Symbol.dispose]();
      else await expect(located).rejects.toMatchObject({ kind: 'refused' });
    }
  });

  test('to a name that is free counts by the owner of the directory', async () => {
    const directory = world();
    symlinkSync('data', join(directory, 'link'));
    lchownSync(join(directory, 'link'), appUid, appUid);
    await expect(locateFile(join(directory, 'link', 'new.db'))).rejects.toMatchObject({ kind: 'refused' });
    chownSync(join(directory, 'data'), appUid, appUid);
    using found = await locateFile(join(directory, 'link', 'new.db'));
    expect(found.exists).toBe(false);
  });
});

test('a path that a held directory gave out leads into that directory, whatever its name leads to now', async () => {
  const directory = world();
  using held = await holdDirectory(join(directory, 'data'));
  renameSync(join(directory, 'data'), join(directory, 'away'));
  mkdirSync(join(directory, 'data'));
  using found = await locateFile(held.at('app.db'));
  expect([found.path, found.exists]).toEqual([join(directory, 'data', 'app.db'), true]);
  using again = await locateDirectory(held.at('.'));
  expect(await again.names()).toEqual(['app.db']);
});

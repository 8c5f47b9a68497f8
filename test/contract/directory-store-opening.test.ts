import { mkdirSync, renameSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { openAt, openNew } from './directory-world.ts';
import { contentsOf, large, makeFile, namesOf, putAll, sha256 } from './store-world.ts';

describe('opening a directory store', () => {
  it('makes the directory and marks it', async () => {
    const root = join(scratch(), 'a', 'store');
    const store = await openAt(`${root}/`, true);
    expect(store.description).toBe(`directory ${root}`);
    expect(store.stagingDirectory).toBe(root);
    expect((await stat(root)).mode & 0o777).toBe(0o750);
    expect(await readdir(root)).toEqual(['.holdfast-store']);
    expect(JSON.parse(await readFile(join(root, '.holdfast-store'), 'utf8'))).toEqual({
      format: 'holdfast-store',
      version: 2,
      id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      created_at: '2026-11-20T02:05:13.000Z',
    });
  });

  it('marks a directory that is there, and sees what is in it', async () => {
    const root = scratch();
    await writeFile(join(root, 'database.db'), 'bytes');
    await mkdir(join(root, 'lost+found'));
    await openAt(root, true);
    expect(await namesOf(await openAt(root, false))).toEqual(['database.db']);
  });

  it('does not make what it was not told to make', async () => {
    const parent = scratch();
    const root = join(parent, 'store');
    await expect(openAt(root, false)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `cannot use the store directory ${root}: it is not there`,
      hint: expect.stringContaining('is the disk mounted?') as string,
    });
    await mkdir(root);
    await expect(openAt(root, false)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `cannot use the store directory ${root}: it holds no .holdfast-store`,
      hint: expect.stringContaining('is the disk mounted?') as string,
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('does not make a directory behind a dangling link, or in place of a file', async () => {
    const parent = scratch();
    await symlink(join(parent, 'disk'), join(parent, 'link'));
    await writeFile(join(parent, 'file'), '');
    for (const create of [true, false]) {
      await expect(openAt(join(parent, 'link'), create)).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(openAt(join(parent, 'file'), create)).rejects.toMatchObject({ name: 'OpsError' });
    }
    expect((await readdir(parent)).sort()).toEqual(['file', 'link']);
  });

  it('follows a link that is the root itself', async () => {
    const parent = scratch();
    await mkdir(join(parent, 'disk'));
    await symlink('disk', join(parent, 'link'));
    await putAll(await openAt(join(parent, 'link'), true), ['backups/one']);
    expect(await contentsOf(await openAt(join(parent, 'disk'), false))).toEqual({
      'backups/one': sha256('bytes'),
    });
  });

  it.each([
    ['{"format":"holdfast-store","version":3}', 'unavailable'],
    ['{"format":"something-else","version":1}', 'damaged'],
    ['', 'damaged'],
  ])('does not use a store with the marker %j', async (marker, kind) => {
    const { root } = await openNew();
    await writeFile(join(root, '.holdfast-store'), marker);
    for (const create of [true, false]) await expect(openAt(root, create)).rejects.toMatchObject({ kind });
  });

  it('needs an absolute path', async () => {
    await expect(openAt('backups', true)).rejects.toMatchObject({ kind: 'config' });
  });
});

describe('a directory store whose root vanished', () => {
  /** The store's disk is unmounted: nothing is left there, or an empty mount point. */
  async function unmounted(how: string) {
    const { root, store } = await openNew();
    await putAll(store, ['backups/ctv/1.db', 'database.db']);
    await rename(root, `${root}-unmounted`);
    if (how === 'an empty mount point is left') await mkdir(root);
    return { root, store };
  }

  it.each(['nothing is left', 'an empty mount point is left'])('is unavailable when %s', async (how) => {
    const { root, store } = await unmounted(how);
    const file = await makeFile('bytes');
    const gone = { kind: 'unavailable', hint: expect.stringContaining('is the disk mounted?') as string };
    await expect(store.list('')).rejects.toMatchObject(gone);
    await expect(store.stat('database.db')).rejects.toMatchObject(gone);
    await expect(store.read('database.db')).rejects.toMatchObject(gone);
    await expect(store.get('database.db', join(scratch(), 'target'))).rejects.toMatchObject(gone);
    await expect(store.put('backups/ctv/2.db', file)).rejects.toMatchObject(gone);
    await expect(store.put('backups/ctv/2.db', file, { consume: true })).rejects.toMatchObject(gone);
    await expect(store.copy('database.db', 'other')).rejects.toMatchObject(gone);
    await expect(store.remove('database.db')).rejects.toMatchObject(gone);
    await expect(store.space()).rejects.toMatchObject(gone);
    expect(await readFile(file.path, 'utf8')).toBe('bytes');
    expect(await readdir(join(root, '..'))).toHaveLength(how === 'nothing is left' ? 1 : 2);
    if (how !== 'nothing is left') expect(await readdir(root)).toEqual([]);
  });

  it.each(['nothing is left', 'an empty mount point is left'])(
    'is unavailable when it vanishes in the middle of a put and %s, and nothing is made there',
    async (how) => {
      const { root, store } = await openNew();
      let isMounted = true;
      const put = store.put('backups/ctv/1.db', await makeFile(large), {
        onProgress() {
          if (!isMounted) return;
          isMounted = false;
          renameSync(root, `${root}-unmounted`);
          if (how === 'an empty mount point is left') mkdirSync(root);
        },
      });
      await expect(put).rejects.toMatchObject({ kind: 'unavailable' });
      expect((await readdir(join(root, '..'))).includes('store')).toBe(how !== 'nothing is left');
      if (how !== 'nothing is left') expect(await readdir(root)).toEqual([]);
    },
  );
});

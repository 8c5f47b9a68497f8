import { execFileSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { chmod, link, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestFile } from '../../lib/files/hash-file.ts';
import { asNobody } from '../support/as-nobody.ts';
import { scratch } from '../support/scratch.ts';
import { openAt, openNew } from './directory-world.ts';
import { storeSuite } from './store-suite.ts';
import { contentsOf, large, makeFile, namesOf, putAll, sha256 } from './store-world.ts';

storeSuite('directory store', async () => {
  const { root, store } = await openNew();
  return { store, reopen: () => openAt(root, false), cleanUp: () => undefined };
});

describe('a directory store and what else is in its directory', () => {
  it('sees no symbolic links, special files and scratch, and none of its own files', async () => {
    const { root, store } = await openNew();
    await putAll(store, ['database.db']);
    await mkdir(join(root, '.holdfast-ffd8e0d5-1-1-0123456789abcdef'));
    await writeFile(join(root, '.holdfast-ffd8e0d5-1-1-0123456789abcdef', 'object'), 'unfinished');
    await writeFile(join(root, '.holdfast-0123.tmp'), 'unfinished');
    await symlink('database.db', join(root, 'link.db'));
    await symlink('/etc', join(root, 'etc'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await writeFile(join(root, 'a name\nwith a line break'), 'foreign');
    expect(await namesOf(store)).toEqual(['database.db']);
    for (const name of ['link.db', 'etc', 'etc/passwd', 'pipe']) {
      expect(await store.stat(name)).toBeUndefined();
      await expect(store.get(name, join(scratch(), 'target'))).rejects.toMatchObject({ kind: 'missing' });
      await expect(store.read(name)).rejects.toMatchObject({ kind: 'missing' });
    }
  });

  it('neither writes nor removes through a symbolic link', async () => {
    const { root, store } = await openNew();
    const outside = scratch();
    await writeFile(join(outside, 'precious'), 'old');
    await symlink(outside, join(root, 'out'));
    await symlink(join(outside, 'precious'), join(root, 'link'));
    for (const name of ['out/precious', 'out/new', 'out', 'link']) {
      const put = store.put(name, await makeFile('new'), { replace: true });
      await expect(put).rejects.toMatchObject({ kind: 'refused' });
      await store.remove(name);
    }
    expect(await readdir(outside)).toEqual(['precious']);
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('old');
    expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'link', 'out']);
  });

  it.each(['.holdfast-store', '.HOLDFAST-STORE', '.holdfast-x/1.db', 'backups/.holdfast-x'])(
    'keeps the name %j to itself',
    async (name) => {
      const { root, store } = await openNew();
      const put = store.put(name, await makeFile('bytes'), { replace: true });
      await expect(put).rejects.toMatchObject({ kind: 'usage' });
      await expect(store.remove(name)).rejects.toMatchObject({ kind: 'usage' });
      expect(await readdir(root)).toEqual(['.holdfast-store']);
    },
  );

  it('removes the directories that became empty, but not the root or foreign files', async () => {
    const { root, store } = await openNew();
    await putAll(store, ['backups/ctv/deep/1.db', 'backups/ctv/1.db']);
    await store.remove('backups/ctv/deep/1.db');
    expect(await readdir(join(root, 'backups', 'ctv'))).toEqual(['1.db']);
    await store.remove('backups/ctv/1.db');
    expect(await readdir(root)).toEqual(['.holdfast-store']);
    await putAll(store, ['backups/ctv/1.db']);
    await symlink('nowhere', join(root, 'backups', 'foreign'));
    await store.remove('backups/ctv/1.db');
    expect(await readdir(join(root, 'backups'))).toEqual(['foreign']);
  });

  it('lets an object have the name of a directory that became empty', async () => {
    const { store } = await openNew();
    await putAll(store, ['backups/ctv/1.db']);
    await store.remove('backups/ctv/1.db');
    await store.put('backups', await makeFile('now an object'));
    expect(await contentsOf(store)).toEqual({ backups: sha256('now an object') });
  });

  it('makes objects and directories that the group may read', async () => {
    const { root, store } = await openNew();
    await store.put('backups/copied', await makeFile('bytes'));
    const file = await makeFile('bytes');
    await chmod(file.path, 0o600);
    await store.put('backups/moved', await digestFile(file.path), { consume: true });
    for (const name of ['backups/copied', 'backups/moved']) {
      expect((await stat(join(root, name))).mode & 0o777).toBe(0o640);
    }
    expect((await stat(join(root, 'backups'))).mode & 0o777).toBe(0o750);
  });
});

describe('a directory store at work', () => {
  it('moves a consumed file without reading it again', async () => {
    const { root, store } = await openNew();
    const file = await makeFile(large);
    const { ino } = await stat(file.path);
    await store.put('moved', file, { consume: true });
    expect((await stat(join(root, 'moved'))).ino).toBe(ino);
  });

  it('copies a consumed file that has a second name', async () => {
    const { root, store } = await openNew();
    const file = await makeFile('bytes');
    await link(file.path, `${file.path}-2`);
    await store.put('copied', await digestFile(file.path), { consume: true });
    expect((await stat(join(root, 'copied'))).nlink).toBe(1);
    await writeFile(`${file.path}-2`, 'BYTES');
    expect(await contentsOf(store)).toEqual({ copied: sha256('bytes') });
  });

  it('leaves only the object behind, also after an abort in the middle', async () => {
    const { root, store } = await openNew();
    const abort = new AbortController();
    const put = store.put('one', await makeFile(large), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('told to stop')),
    });
    await expect(put).rejects.toThrow('told to stop');
    expect(await readdir(root)).toEqual(['.holdfast-store']);
    await putAll(store, ['one']);
    expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'one']);
  });

  it.each(['replaced', 'removed'])('finishes a get of an object that is %s meanwhile', async (how) => {
    const { root, store } = await openNew();
    await store.put('one', await makeFile(large));
    const target = join(scratch(), 'target');
    let isFirst = true;
    await store.get('one', target, {
      onProgress() {
        if (!isFirst) return;
        isFirst = false;
        writeFileSync(join(root, 'other'), 'other bytes');
        if (how === 'replaced') renameSync(join(root, 'other'), join(root, 'one'));
        else execFileSync('rm', [join(root, 'one')]);
      },
    });
    expect((await readFile(target)).equals(large)).toBe(true);
  });

  it('refuses to begin what does not fit, with both numbers', async () => {
    const { root, store } = await openNew();
    const file = await makeFile('bytes');
    const put = store.put('one', { ...file, sizeBytes: 8e17 });
    await expect(put).rejects.toMatchObject({
      kind: 'io',
      message: expect.stringMatching(/^cannot store "one": it needs 800 PB, .* are free in /) as string,
    });
    expect(await readdir(root)).toEqual(['.holdfast-store']);
  });

  it('says that permission was refused, and changes nothing', async () => {
    const { root, store } = await openNew();
    await putAll(store, ['one']);
    const file = await makeFile('bytes');
    await openToRead(root, file.path, join(root, 'one'));
    const denied = { kind: 'denied', message: expect.stringMatching(/permission denied$/) as string };
    await asNobody(async () => {
      expect(await namesOf(store)).toEqual(['one']);
      await expect(store.put('two', file)).rejects.toMatchObject(denied);
      await expect(store.put('one', file, { replace: true })).rejects.toMatchObject(denied);
      await expect(store.copy('one', 'two')).rejects.toMatchObject(denied);
      await expect(store.remove('one')).rejects.toMatchObject(denied);
    });
    expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'one']);
    await chmod(root, 0o700); // or an ordinary user could not remove it
  });

  it('passes over what only fsck may read, and over nothing else', async () => {
    const { root, store } = await openNew();
    await putAll(store, ['one']);
    const [ofFsck, closed] = [join(root, 'lost+found'), join(root, 'closed')];
    await openToRead(root, join(root, 'one'));
    await chmod(root, 0o755);
    await mkdir(ofFsck, { mode: 0o000 });
    expect(await asNobody(() => namesOf(store))).toEqual(['one']);
    await mkdir(closed, { mode: 0o000 });
    await expect(asNobody(() => store.list(''))).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot list ${closed}: permission denied`,
    });
    expect((await readdir(root)).sort()).toEqual(['.holdfast-store', 'closed', 'lost+found', 'one']);
    for (const path of [ofFsck, closed]) await chmod(path, 0o700); // or an ordinary user could not remove them
  });
});

/** Lets everybody reach and read the files, and nobody write into the root. */
async function openToRead(root: string, ...files: string[]): Promise<void> {
  for (const file of files) {
    await chmod(file, 0o444);
    await chmod(join(file, '..'), 0o755);
  }
  await chmod(join(root, '..'), 0o755);
  await chmod(root, 0o555);
}

describe('a directory store and the side files that somebody left beside a copy', () => {
  const leave: [what: string, make: (path: string) => Promise<unknown>][] = [
    ['a file', (path) => writeFile(path, 'of another database')],
    ['an empty file', (path) => writeFile(path, '')],
    ['a directory', (path) => mkdir(path)],
    ['a link', (path) => symlink('/etc/passwd', path)],
    ['a pipe', async (path) => execFileSync('mkfifo', [path])],
  ];
  const suffixes = ['-journal', '-shm', '-wal'];

  it.each(leave)('moves %s aside before a copy gets its bytes, and removes nothing', async (_, make) => {
    const { root, store } = await openNew();
    const file = async () => makeFile('new');
    const puts: Record<string, () => Promise<unknown>> = {
      'new.db': async () => store.put('new.db', await file(), {}),
      'moved.db': async () => store.put('moved.db', await file(), { consume: true }),
      'database.db': async () => store.put('database.db', await file(), { replace: true }),
      'copied.db': async () => store.copy('from.db', 'copied.db', { expected: await file() }),
    };
    await putAll(store, ['database.db']);
    await store.put('from.db', await file(), {});
    for (const [name, put] of Object.entries(puts)) {
      for (const suffix of suffixes) await make(join(root, name + suffix));
      await put();
      const beside = (await readdir(root)).filter((found) => found.startsWith(`${name}-`));
      expect(beside.sort()).toEqual(suffixes.map((suffix) => `${name}${suffix}.left-20261120T020513Z`));
      expect(await readFile(join(root, name), 'utf8')).toBe('new');
    }
  });

  it('keeps what was moved aside before, also in the same second', async () => {
    const { root, store } = await openNew();
    for (const content of ['one', 'two']) {
      await writeFile(join(root, 'database.db-wal'), content);
      await store.put('database.db', await makeFile('new'), { replace: true });
    }
    const kept = (await readdir(root)).filter((found) => found.startsWith('database.db-wal')).sort();
    expect(await Promise.all(kept.map((name) => readFile(join(root, name), 'utf8')))).toEqual(['one', 'two']);
  });

  it('replaces nothing where they cannot be moved', async () => {
    const { root, store } = await openNew();
    await putAll(store, ['database.db']);
    const old = await readFile(join(root, 'database.db'), 'utf8');
    const name = `${'n'.repeat(240)}.db`;
    await writeFile(join(root, `${name}-wal`), 'theirs');
    await expect(store.put(name, await makeFile('new'), {})).rejects.toMatchObject({ name: 'OpsError' });
    expect(await readFile(join(root, 'database.db'), 'utf8')).toBe(old);
    expect(await namesOf(store)).not.toContain(name);
  });
});

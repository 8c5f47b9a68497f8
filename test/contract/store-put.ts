// Part of the store conformance suite: what becomes visible, and when.
import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { FileDigest } from '../../lib/files/digest.ts';
import { digestFile } from '../../lib/files/hash-file.ts';
import { scratch } from '../support/scratch.ts';
import { type Open, contentsOf, large, makeFile, mebibyte, namesOf, sha256 } from './store-world.ts';

export function putTests(open: Open): void {
  it.each<[string, Uint8Array]>([
    ['no bytes', Buffer.alloc(0)],
    ['a few bytes', Buffer.from('bytes')],
    ['exactly 4 MiB', large.subarray(0, 4 * mebibyte)],
    ['more than 8 MiB', large],
  ])('makes %s visible, whole, to this store and the next one opened', async (_, bytes) => {
    const { store, reopen } = await open();
    const stored = await store.put('backups/ctv/one.db', await makeFile(bytes));
    expect(stored).toMatchObject({ name: 'backups/ctv/one.db', sizeBytes: bytes.length });
    expect(stored.modifiedAt).toBeInstanceOf(Date);
    for (const each of [store, await reopen()]) {
      expect(await contentsOf(each)).toEqual({ 'backups/ctv/one.db': sha256(bytes) });
      expect(await each.stat('backups/ctv/one.db')).toMatchObject({ sizeBytes: bytes.length });
    }
  });

  it('leaves the file where it is', async () => {
    const { store } = await open();
    const file = await makeFile('bytes');
    await store.put('one', file);
    expect(await readFile(file.path, 'utf8')).toBe('bytes');
  });

  it('refuses a name that is taken, and leaves what is there', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('old'));
    let hasBegun = false;
    const put = store.put('one', await makeFile('new'), { onProgress: () => (hasBegun = true) });
    await expect(put).rejects.toMatchObject({ kind: 'refused' });
    expect(hasBegun).toBe(false);
    expect(await contentsOf(store)).toEqual({ one: sha256('old') });
  });

  it('replaces when it is told to, also where nothing is', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('old'), { replace: true });
    const stored = await store.put('one', await makeFile('new and longer'), { replace: true });
    expect(stored.sizeBytes).toBe(14);
    expect(await contentsOf(store)).toEqual({ one: sha256('new and longer') });
  });

  it('shows readers the old bytes or the new ones while it replaces', async () => {
    const { store } = await open();
    const [old, young] = [await makeFile(Buffer.alloc(300_000, 'old')), await makeFile(large)];
    await store.put('one', old);
    const put = store.put('one', young, { replace: true });
    const seen = new Set<string>();
    for (let done = false; !done;) {
      done = await Promise.race([
        put.then(() => true),
        store.read('one').then(
          () => false,
          () => false,
        ),
      ]);
      const bytes = await store.get('one', join(scratch(), 'got'));
      seen.add(bytes.sha256);
    }
    await put;
    expect([old.sha256, young.sha256]).toEqual(expect.arrayContaining([...seen]));
    expect(await contentsOf(store)).toEqual({ one: young.sha256 });
  });

  it.each([{ sha256: '0'.repeat(64) }, { sizeBytes: 4 }])(
    'refuses bytes that are not those of the digest (%o), and nothing is visible',
    async (wrong) => {
      const { store, reopen } = await open();
      const file = { ...(await makeFile('bytes')), ...wrong, identity: undefined };
      await expect(store.put('one', file)).rejects.toMatchObject({ kind: 'damaged' });
      expect(await contentsOf(await reopen())).toEqual({});
    },
  );

  it('refuses a file that changed after it was hashed, and keeps what it was to replace', async () => {
    const { store, reopen } = await open();
    await store.put('one', await makeFile('old'));
    for (const consume of [false, true]) {
      const file = await makeFile('bytes');
      await writeFile(file.path, 'BYTES');
      const put = store.put('one', file, { replace: true, consume });
      await expect(put).rejects.toMatchObject({ kind: 'damaged' });
    }
    expect(await contentsOf(await reopen())).toEqual({ one: sha256('old') });
  });

  it('says that its file is missing, and nothing is visible', async () => {
    const { store } = await open();
    const file = await makeFile('bytes');
    const gone = { ...file, path: `${file.path}-gone` };
    await expect(store.put('one', gone)).rejects.toMatchObject({ kind: 'missing' });
    await expect(store.put('one', gone, { consume: true })).rejects.toMatchObject({ kind: 'missing' });
    expect(await namesOf(store)).toEqual([]);
  });

  it('lets exactly one of many win a name', async () => {
    const { store, reopen } = await open();
    const files = await Promise.all(Array.from({ length: 8 }, (_, i) => makeFile(`bytes of ${i}`)));
    const results = await Promise.allSettled(
      files.map((file, i) => store.put('backups/one', file, { consume: i % 2 === 0 })),
    );
    const winners = files.filter((_, i) => results[i]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ kind: 'refused' });
    }
    expect(await contentsOf(await reopen())).toEqual({ 'backups/one': winners[0]?.sha256 });
  });

  it('lets either a name or one below it win', async () => {
    const { store } = await open();
    for (let i = 0; i < 10; i += 1) {
      const names = [`${i}`, `${i}/below`];
      const files = await Promise.all(names.map(() => makeFile('bytes')));
      // The one that is moved is quicker than the one that is copied.
      const results = await Promise.allSettled(
        names.map((name, j) => store.put(name, files[j] as FileDigest, { consume: j === i % 2 })),
      );
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused).toMatchObject([{ reason: { kind: 'refused' } }]);
      expect(await namesOf(store, `${i}`)).toHaveLength(1);
    }
  });

  it('reports progress up to the size', async () => {
    const { store } = await open();
    for (const consume of [false, true]) {
      const progress: number[] = [];
      await store.put(`consume ${consume}`, await makeFile(large), {
        consume,
        onProgress: (done) => progress.push(done),
      });
      expect(progress.at(-1)).toBe(large.length);
      expect(progress).toEqual([...progress].sort((a, b) => a - b));
    }
  });
}

export function consumeTests(open: Open): void {
  it.each(['the staging directory', 'another directory'])('takes a file from %s away', async (from) => {
    const { store, reopen } = await open();
    const directory = (from === 'the staging directory' ? store.stagingDirectory : undefined) ?? scratch();
    const path = join(directory, '.holdfast-test-file');
    await writeFile(path, 'bytes');
    await store.put('backups/one', await digestFile(path), { consume: true });
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await contentsOf(await reopen())).toEqual({ 'backups/one': sha256('bytes') });
  });

  it('takes away a file that was touched but not changed', async () => {
    const { store } = await open();
    const file = await makeFile('bytes');
    await writeFile(file.path, 'bytes');
    await store.put('one', file, { consume: true });
    await expect(readFile(file.path)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes') });
  });

  it('stores the bytes, not the link, when the file is a symbolic link', async () => {
    const { store } = await open();
    const file = await makeFile('bytes');
    const link = `${file.path}-link`;
    await symlink(file.path, link);
    await store.put('one', await digestFile(link), { consume: true });
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes') });
    expect(await readFile(file.path, 'utf8')).toBe('bytes');
  });

  it('replaces only when it is told to', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('old'), { consume: true });
    const refused = store.put('one', await makeFile('new'), { consume: true });
    await expect(refused).rejects.toMatchObject({ kind: 'refused' });
    expect(await contentsOf(store)).toEqual({ one: sha256('old') });
    await store.put('one', await makeFile('new'), { consume: true, replace: true });
    expect(await contentsOf(store)).toEqual({ one: sha256('new') });
  });
}

export function abortTests(open: Open): void {
  const aborted = AbortSignal.abort(new Error('told to stop'));

  it('before the start makes nothing', async () => {
    const { store } = await open();
    await store.put('old', await makeFile('old'));
    const target = join(scratch(), 'target');
    for (const consume of [false, true]) {
      await expect(
        store.put('old', await makeFile('new'), { signal: aborted, replace: true, consume }),
      ).rejects.toThrow('told to stop');
    }
    await expect(store.copy('old', 'new', { signal: aborted })).rejects.toThrow('told to stop');
    await store.put('empty', await makeFile(''));
    for (const name of ['old', 'empty']) {
      await expect(store.get(name, target, { signal: aborted })).rejects.toThrow('told to stop');
      await expect(readFile(target)).rejects.toMatchObject({ code: 'ENOENT' });
    }
    expect(await contentsOf(store)).toEqual({ old: sha256('old'), empty: sha256('') });
  });

  it('in the middle of a put leaves the old bytes, or the new ones when it came too late', async () => {
    const { store, reopen } = await open();
    await store.put('one', await makeFile('old'));
    const abort = new AbortController();
    const [result] = await Promise.allSettled([
      store.put('one', await makeFile(large), {
        replace: true,
        signal: abort.signal,
        onProgress: () => abort.abort(new Error('told to stop')),
      }),
    ]);
    const expected = result.status === 'rejected' ? sha256('old') : sha256(large);
    expect(await contentsOf(await reopen())).toEqual({ one: expected });
  });

  it('in the middle of a get leaves no file, or the whole one when it came too late', async () => {
    const { store } = await open();
    await store.put('one', await makeFile(large));
    const abort = new AbortController();
    const target = join(scratch(), 'target');
    const [result] = await Promise.allSettled([
      store.get('one', target, {
        signal: abort.signal,
        onProgress: () => abort.abort(new Error('told to stop')),
      }),
    ]);
    if (result.status === 'fulfilled') expect((await readFile(target)).equals(large)).toBe(true);
    else expect(await readdir(dirname(target))).toEqual([]);
  });
}

// Part of the store conformance suite: what comes out, and where to.
import { writeFileSync } from 'node:fs';
import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { digestFile } from '../../lib/files/hash-file.ts';
import { scratch } from '../support/scratch.ts';
import { type Open, contentsOf, large, makeFile, mebibyte, sha256 } from './store-world.ts';

export function getTests(open: Open): void {
  it.each([Buffer.alloc(0), Buffer.from('bytes'), large])(
    'writes the bytes and returns their digest',
    async (bytes) => {
      const { store } = await open();
      const file = await makeFile(bytes);
      await store.put('one', file);
      const target = join(scratch(), 'target');
      const progress: number[] = [];
      const got = await store.get('one', target, { onProgress: (done) => progress.push(done) });
      expect(got).toMatchObject({ path: target, sha256: file.sha256, contentHash: file.contentHash });
      expect(await readdir(dirname(target))).toEqual([basename(target)]);
      expect((await readFile(target)).equals(bytes)).toBe(true);
      if (bytes.length > 0) expect(progress.at(-1)).toBe(bytes.length);
      // An identity that is told is the one the target has now.
      if (got.identity !== undefined) expect(got).toEqual(await digestFile(target));
    },
  );

  it('opens an object where it lies, where it lies on this machine', async () => {
    const { store } = await open();
    await store.put('one', await makeFile(large));
    if (store.isRemote) expect(store.openInPlace).toBeUndefined();
    if (store.openInPlace === undefined) return;
    await using file = await store.openInPlace('one');
    expect((await file.readFile()).equals(large)).toBe(true);
    await expect(store.openInPlace('none')).rejects.toMatchObject({ kind: 'missing' });
    await expect(store.openInPlace('../one')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('refuses an existing target, and leaves it', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('bytes'));
    const target = join(scratch(), 'target');
    await writeFile(target, 'mine');
    let hasBegun = false;
    const got = store.get('one', target, { onProgress: () => (hasBegun = true) });
    await expect(got).rejects.toMatchObject({ kind: 'refused' });
    expect(hasBegun).toBe(false);
    expect(await readFile(target, 'utf8')).toBe('mine');
    const link = join(scratch(), 'link');
    await symlink('nowhere', link);
    await expect(store.get('one', link)).rejects.toMatchObject({ kind: 'refused' });
  });

  it('refuses a target that somebody makes meanwhile, and leaves it', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('bytes'));
    const target = join(scratch(), 'target');
    const got = store.get('one', target, { onProgress: () => writeFileSync(target, 'mine') });
    await expect(got).rejects.toMatchObject({ kind: 'refused' });
    expect(await readFile(target, 'utf8')).toBe('mine');
    expect(await readdir(dirname(target))).toEqual(['target']);
  });

  it('leaves no file for a name that is not there', async () => {
    const { store } = await open();
    const directory = scratch();
    await expect(store.get('none', join(directory, 'target'))).rejects.toMatchObject({ kind: 'missing' });
    expect(await readdir(directory)).toEqual([]);
  });

  it('says that the directory for its target is missing', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('bytes'));
    const got = store.get('one', join(scratch(), 'none', 'target'));
    await expect(got).rejects.toMatchObject({ kind: 'missing' });
  });
}

export function readTests(open: Open): void {
  it('returns the bytes of a small object, none and 1 MiB included', async () => {
    const { store } = await open();
    for (const bytes of [Buffer.alloc(0), Buffer.from('{"format": 1}\n'), Buffer.alloc(mebibyte, 'x')]) {
      await store.put('one.json', await makeFile(bytes), { replace: true });
      expect(Buffer.from(await store.read('one.json')).equals(bytes)).toBe(true);
    }
  });

  it('gives the bytes away: who changes them changes no object', async () => {
    const { store } = await open();
    await store.put('one', await makeFile('bytes'));
    (await store.read('one')).fill(0);
    expect(Buffer.from(await store.read('one')).toString()).toBe('bytes');
    expect(await contentsOf(store)).toEqual({ one: sha256('bytes') });
  });

  it('refuses more than 1 MiB, and a name that is not there', async () => {
    const { store } = await open();
    await store.put('one.json', await makeFile(Buffer.alloc(mebibyte + 1)));
    await expect(store.read('one.json')).rejects.toMatchObject({ kind: 'damaged' });
    await expect(store.read('none')).rejects.toMatchObject({ kind: 'missing' });
  });
}

export function spaceTests(open: Open): void {
  it('is told in bytes, or not known', async () => {
    const { store } = await open();
    const { freeBytes, totalBytes } = await store.space();
    for (const bytes of [freeBytes, totalBytes]) {
      if (bytes !== undefined) expect(bytes).toBeGreaterThan(0);
    }
    if (freeBytes !== undefined && totalBytes !== undefined)
      expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  });
}

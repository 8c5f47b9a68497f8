import { appendFileSync } from 'node:fs';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyFileDurably } from '../../../lib/files/copy-file.ts';
import { digestFile } from '../../../lib/files/hash-file.ts';
import { scratch } from '../../support/scratch.ts';
import { someBytes } from '../../support/some-bytes.ts';

const mebibyte = 1024 * 1024;

async function makeSource(bytes: Uint8Array = someBytes(9 * mebibyte)) {
  const directory = scratch();
  const [from, to] = [join(directory, 'from'), join(directory, 'to')];
  await writeFile(from, bytes);
  return { directory, from, to };
}

describe('copyFileDurably', () => {
  it.each([0, 1, 4 * mebibyte, 9 * mebibyte + 1])('copies %i bytes and proves them', async (length) => {
    const { from, to } = await makeSource(someBytes(length));
    const source = await digestFile(from);
    const copy = await copyFileDurably(from, to, { expected: source });
    expect(copy).toEqual(await digestFile(to));
    expect(copy).toMatchObject({ path: to, sha256: source.sha256, contentHash: source.contentHash });
    expect((await readFile(to)).equals(await readFile(from))).toBe(true);
  });

  it('makes a private file unless a mode is given', async () => {
    const { from, to } = await makeSource();
    await copyFileDurably(from, to);
    await copyFileDurably(from, `${to}-2`, { mode: 0o640 });
    expect((await stat(to)).mode & 0o777).toBe(0o600);
    expect((await stat(`${to}-2`)).mode & 0o777).toBe(0o640);
  });

  it('refuses to overwrite, and leaves what is there', async () => {
    const { from, to } = await makeSource();
    await writeFile(to, 'old');
    await expect(copyFileDurably(from, to)).rejects.toMatchObject({ kind: 'refused' });
    expect(await readFile(to, 'utf8')).toBe('old');
  });

  it('leaves nothing when the bytes are not the expected ones', async () => {
    const { directory, from, to } = await makeSource();
    const digest = await digestFile(from);
    for (const wrong of [{ sha256: '0'.repeat(64) }, { sizeBytes: 12 }]) {
      await expect(copyFileDurably(from, to, { expected: { ...digest, ...wrong } })).rejects.toMatchObject({
        kind: 'damaged',
      });
    }
    expect(await readdir(directory)).toEqual(['from']);
  });

  it('leaves nothing when the source changes meanwhile', async () => {
    const { directory, from, to } = await makeSource();
    const copied = copyFileDurably(from, to, { onProgress: () => appendFileSync(from, 'more') });
    await expect(copied).rejects.toMatchObject({ kind: 'damaged' });
    expect(await readdir(directory)).toEqual(['from']);
  });

  it('leaves nothing when it is aborted', async () => {
    const { directory, from, to } = await makeSource();
    const abort = new AbortController();
    const reason = new Error('told to stop');
    const copied = copyFileDurably(from, to, {
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(copied).rejects.toBe(reason);
    expect(await readdir(directory)).toEqual(['from']);
  });

  it('leaves nothing when the source cannot be read', async () => {
    const { directory, to } = await makeSource();
    await expect(copyFileDurably(join(directory, 'none'), to)).rejects.toMatchObject({
      kind: 'missing',
      message: `cannot read ${join(directory, 'none')}: it is not there`,
    });
    expect(await readdir(directory)).toEqual(['from']);
  });
});

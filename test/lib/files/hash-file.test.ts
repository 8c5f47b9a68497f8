import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { chmod, open, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestFile, requireUnchanged } from '../../../lib/files/hash-file.ts';
import { readBlocks } from '../../../lib/files/read-blocks.ts';
import { scratch } from '../../support/scratch.ts';
import { someBytes } from '../../support/some-bytes.ts';

const mebibyte = 1024 * 1024;

async function makeFile(bytes: Uint8Array): Promise<string> {
  const path = join(scratch(), 'file');
  await writeFile(path, bytes);
  return path;
}

describe('digestFile', () => {
  it('hashes the bytes and reports progress up to the size', async () => {
    const bytes = someBytes(9 * mebibyte);
    const path = await makeFile(bytes);
    const progress: number[] = [];
    const digest = await digestFile(path, { onProgress: (done) => progress.push(done) });
    expect(digest).toMatchObject({
      path,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(progress).toEqual(Array.from({ length: 9 }, (_, index) => (index + 1) * mebibyte));
  });

  it('hashes an empty file', async () => {
    const digest = await digestFile(await makeFile(Buffer.alloc(0)));
    expect(digest).toMatchObject({ sizeBytes: 0, sha256: digest.contentHash });
  });

  it.each<[string, (path: string) => void]>([
    ['grows', (path) => appendFileSync(path, 'more')],
    ['shrinks', (path) => truncateSync(path, 5 * mebibyte)],
    ['is written to in place', overwriteOneByte],
  ])('refuses a file that %s while it is read', async (_, change) => {
    const path = await makeFile(Buffer.alloc(9 * mebibyte));
    await expect(digestFile(path, { onProgress: () => change(path) })).rejects.toMatchObject({
      kind: 'damaged',
      message: `cannot read ${path}: it changed while it was read`,
    });
  });

  it('does not read a file for ever that grows as fast as it is read', async () => {
    const path = await makeFile(Buffer.alloc(9 * mebibyte));
    let growths = 0;
    const onProgress = () => {
      growths += 1;
      if (growths < 50) appendFileSync(path, Buffer.alloc(4 * mebibyte));
    };
    await expect(digestFile(path, { onProgress })).rejects.toMatchObject({ kind: 'damaged' });
    // It is given up at the size the file had when it was opened.
    expect(growths).toBe(10);
  });

  it('does not mind a file that is renamed, made private or removed while it is read', async () => {
    const bytes = someBytes(9 * mebibyte);
    const path = await makeFile(bytes);
    const changes = [
      () => chmodSync(path, 0o600),
      () => renameSync(path, `${path}-2`),
      () => rmSync(`${path}-2`),
    ];
    const digest = await digestFile(path, { onProgress: () => changes.shift()?.() });
    expect(changes).toEqual([]);
    expect(digest.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('stops when it is aborted', async () => {
    const path = await makeFile(Buffer.alloc(9 * mebibyte));
    const abort = new AbortController();
    const reason = new Error('told to stop');
    const digest = digestFile(path, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(digest).rejects.toBe(reason);
  });

  it('uses the same memory for any size', async () => {
    const path = await makeFile(Buffer.alloc(0));
    await truncate(path, 96 * mebibyte); // a hole: takes no space
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    await digestFile(path, {
      onProgress: () => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)),
    });
    expect(most).toBeLessThan(16 * mebibyte);
  });

  it('says what is missing, and that a directory or a pipe is no file to read', async () => {
    const directory = scratch();
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(digestFile(join(directory, 'none'))).rejects.toMatchObject({
      kind: 'missing',
      message: `cannot read ${join(directory, 'none')}: it is not there`,
    });
    await expect(digestFile(directory)).rejects.toMatchObject({ kind: 'missing' });
    await expect(digestFile(pipe)).rejects.toMatchObject({
      kind: 'missing',
      message: `cannot read ${pipe}: it is not a regular file`,
    });
  });

  it('follows a symbolic link', async () => {
    const path = await makeFile(Buffer.from('bytes'));
    await symlink(path, `${path}-link`);
    expect((await digestFile(`${path}-link`)).sha256).toBe((await digestFile(path)).sha256);
  });
});

describe('requireUnchanged', () => {
  it('returns the same digest for a file nobody touched', async () => {
    const digest = await digestFile(await makeFile(Buffer.from('bytes')));
    expect(await requireUnchanged(digest)).toBe(digest);
  });

  it('reads again when only the identity changed, and returns the new one', async () => {
    const digest = await digestFile(await makeFile(Buffer.from('bytes')));
    await chmod(digest.path, 0o600);
    const again = await requireUnchanged(digest);
    expect(again.identity).not.toEqual(digest.identity);
    expect(again.sha256).toBe(digest.sha256);
  });

  it('throws when the bytes are others, of the same or of another size', async () => {
    const digest = await digestFile(await makeFile(Buffer.from('bytes')));
    overwriteOneByte(digest.path);
    await expect(requireUnchanged(digest)).rejects.toMatchObject({ kind: 'damaged' });
    appendFileSync(digest.path, 'more');
    await expect(requireUnchanged(digest)).rejects.toMatchObject({
      kind: 'damaged',
      message: `cannot use ${digest.path}: it has 9 bytes, 5 were expected`,
    });
  });
});

describe('readBlocks', () => {
  it('tells a failure of the block read ahead when that block is asked for', async () => {
    const file = await open(await makeFile(Buffer.alloc(9 * mebibyte)));
    const blocks = readBlocks(file, BigInt(9 * mebibyte));
    expect((await blocks.next()).done).toBe(false);
    await file.close(); // waits for the read that is under way
    expect((await blocks.next()).done).toBe(false);
    await new Promise((resolve) => setImmediate(resolve)); // the reader is busy with the block before
    await expect(blocks.next()).rejects.toThrow(/closed|EBADF/);
  });
});

function overwriteOneByte(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, 'X', 0);
  closeSync(file);
}

import {
  chmod,
  mkdir,
  readFile,
  readdir,
  readlink,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepTemporaries, writeFileAtomically } from '../../../lib/files/durable.ts';
import { createDirectories } from '../../../lib/files/make-directories.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';

const permissions = async (path: string) => (await stat(path)).mode & 0o7777;

describe('writeFileAtomically', () => {
  it('writes a new file and replaces an old one', async () => {
    const directory = scratch();
    const path = join(directory, 'status.json');
    await writeFileAtomically(path, 'one');
    await writeFileAtomically(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(directory)).toEqual(['status.json']);
  });

  it('gives the file the mode asked for', async () => {
    const directory = scratch();
    await writeFileAtomically(join(directory, 'plain'), '');
    await writeFileAtomically(join(directory, 'secret'), '', { mode: 0o600 });
    expect(await permissions(join(directory, 'plain'))).toBe(0o644);
    expect(await permissions(join(directory, 'secret'))).toBe(0o600);
  });

  it('takes a name of 255 bytes', async () => {
    const path = join(scratch(), 'n'.repeat(255));
    await writeFileAtomically(path, 'bytes');
    expect(await readFile(path, 'utf8')).toBe('bytes');
  });

  it('replaces a symbolic link and not what it leads to', async () => {
    const directory = scratch();
    await writeFile(join(directory, 'elsewhere'), 'old');
    await symlink('elsewhere', join(directory, 'link'));
    await writeFileAtomically(join(directory, 'link'), 'new');
    expect(await readFile(join(directory, 'elsewhere'), 'utf8')).toBe('old');
    await expect(readlink(join(directory, 'link'))).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('leaves nothing behind when it fails', async () => {
    const directory = scratch();
    await mkdir(join(directory, 'taken', 'inside'), { recursive: true });
    await expect(writeFileAtomically(join(directory, 'taken'), 'new')).rejects.toMatchObject({
      name: 'OpsError',
    });
    expect(await readdir(directory)).toEqual(['taken']);
    await expect(writeFileAtomically(join(directory, 'none', 'file'), '')).rejects.toMatchObject({
      kind: 'missing',
      message: `cannot write ${join(directory, 'none', 'file')}: it is not there`,
    });
  });
});

describe('createDirectories', () => {
  it('makes what is missing, private to the group, and again is fine', async () => {
    const top = scratch();
    const path = join(top, 'a', 'b', 'c');
    await createDirectories(path);
    await createDirectories(path);
    for (const made of ['a', 'a/b', 'a/b/c']) expect(await permissions(join(top, made))).toBe(0o750);
  });

  it('leaves the mode of what is there', async () => {
    const top = scratch();
    await mkdir(join(top, 'a'), { mode: 0o711 });
    await createDirectories(join(top, 'a', 'b'), 0o700);
    expect(await permissions(join(top, 'a'))).toBe(0o711);
    expect(await permissions(join(top, 'a', 'b'))).toBe(0o700);
  });

  it('can be called by several at once', async () => {
    const path = join(scratch(), 'a', 'b');
    await Promise.all(Array.from({ length: 8 }, () => createDirectories(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('refuses when a file is in the way', async () => {
    const top = scratch();
    await writeFile(join(top, 'file'), '');
    for (const path of [join(top, 'file'), join(top, 'file', 'a', 'b')]) {
      await expect(createDirectories(path)).rejects.toMatchObject({
        kind: 'refused',
        message: `cannot create the directory ${join(top, 'file')}: a file has that name`,
      });
    }
  });

  it('says that permission was refused', async () => {
    const top = scratch(); // 0700, and root's when root runs this
    await mkdir(join(top, 'a'), { mode: 0o555 });
    await chmod(top, 0o755);
    const made = asNobody(() => createDirectories(join(top, 'a', 'b')));
    await expect(made).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot create the directory ${join(top, 'a', 'b')}: permission denied`,
    });
  });
});

describe('sweepTemporaries', () => {
  it('removes what a killed writer left an hour ago, and nothing else', async () => {
    const directory = scratch();
    const now = new Date('2026-11-20T04:00:00Z');
    const names = {
      old: '.holdfast-00112233aabbccdd.tmp',
      young: '.holdfast-ffeeddccbbaa9988.tmp',
      foreign: '.holdfast-notes.tmp',
    };
    for (const name of Object.values(names)) await writeFile(join(directory, name), 'x');
    for (const name of [names.old, names.foreign]) {
      await utimes(join(directory, name), new Date('2026-11-20T02:00:00Z'), new Date('2026-11-20T02:00:00Z'));
    }
    await utimes(join(directory, names.young), now, new Date('2026-11-20T03:30:00Z'));
    await sweepTemporaries(directory, now);
    expect((await readdir(directory)).sort()).toEqual([names.young, names.foreign].sort());
    await sweepTemporaries(join(directory, 'nothing-here'), now);
  });
});

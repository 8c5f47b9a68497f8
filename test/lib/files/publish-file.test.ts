import { readFileSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  readFile,
  readdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { publishFile } from '../../../lib/files/publish-file.ts';
import { asNobody, nobody } from '../../support/as-nobody.ts';
import { traceOperations } from '../../support/faults/run-with-faults.ts';
import { scratch } from '../../support/scratch.ts';

const program = fileURLToPath(new URL('../../fixtures/publish-once.ts', import.meta.url));

async function makeTwo(existing?: string): Promise<{ directory: string; temporary: string; target: string }> {
  const directory = scratch();
  const [temporary, target] = [join(directory, 'temporary'), join(directory, 'target')];
  await writeFile(temporary, 'new');
  if (existing !== undefined) await writeFile(target, existing);
  return { directory, temporary, target };
}

describe.each([true, false])('publishFile with replace: %s', (replace) => {
  it('gives the file its new name and nothing else', async () => {
    const { directory, temporary, target } = await makeTwo();
    await publishFile(temporary, target, { replace });
    expect(await readdir(directory)).toEqual(['target']);
    expect(await readFile(target, 'utf8')).toBe('new');
    expect((await stat(target)).nlink).toBe(1);
  });

  it('leaves the file where it was when it cannot be published', async () => {
    const { directory, temporary } = await makeTwo();
    const target = join(directory, 'none', 'target');
    await expect(publishFile(temporary, target, { replace })).rejects.toMatchObject({
      kind: 'missing',
      message: `cannot create ${target}: it is not there`,
    });
    expect(await readFile(temporary, 'utf8')).toBe('new');
  });

  it('syncs the bytes before the name appears, and the directory after', async () => {
    const { temporary, target } = await makeTwo();
    const operations = await traceOperations(
      process.execPath,
      [program, temporary, target, `${replace}`],
      {},
    );
    const steps = operations.map(({ name, file }) => `${name} ${file}`);
    const directory = steps.at(-1)?.split(' ')[1] ?? '';
    const naming = replace ? ['rename temporary'] : ['link temporary', 'unlink temporary'];
    expect(steps).toEqual(['sync temporary', ...naming, `sync ${directory}`]);
    expect(target).toContain(`${directory}/target`);
  });
});

describe('publishFile', () => {
  it('replaces an existing file when it is told to', async () => {
    const { temporary, target } = await makeTwo('old');
    await publishFile(temporary, target, { replace: true });
    expect(await readFile(target, 'utf8')).toBe('new');
  });

  it('refuses an existing file, directory or dangling link, and touches neither', async () => {
    const { directory, temporary, target } = await makeTwo('old');
    await mkdir(join(directory, 'directory'));
    await symlink('nowhere', join(directory, 'link'));
    for (const taken of [target, join(directory, 'directory'), join(directory, 'link')]) {
      await expect(publishFile(temporary, taken, { replace: false })).rejects.toMatchObject({
        kind: 'refused',
        message: `cannot create ${taken}: it exists already`,
      });
    }
    expect(await readFile(target, 'utf8')).toBe('old');
    expect(await readFile(temporary, 'utf8')).toBe('new');
  });

  it('lets exactly one of many win a name', async () => {
    const directory = scratch();
    const target = join(directory, 'target');
    const names = Array.from({ length: 20 }, (_, i) => join(directory, `temporary-${i}`));
    for (const name of names) await writeFile(name, name);
    const results = await Promise.allSettled(
      names.map((name) => publishFile(name, target, { replace: false })),
    );
    const winners = names.filter((_, i) => results[i]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(await readFile(target, 'utf8')).toBe(winners[0]);
  });

  it('takes its own link for success, which a network file system may report as taken', async () => {
    const { directory, temporary, target } = await makeTwo();
    await link(temporary, target);
    await publishFile(temporary, target, { replace: false });
    expect(await readdir(directory)).toEqual(['target']);
  });
});

// The kernel refuses a link to a file of somebody else with EPERM, which is also what vfat answers to any link.
const linksAreProtected =
  process.geteuid?.() === 0 && readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() === '1';

describe.skipIf(!linksAreProtected)('publishFile where no hard link can be made (needs root)', () => {
  async function makeTwoForNobody(existing?: string) {
    const files = await makeTwo(existing);
    await chmod(files.temporary, 0o644);
    await chown(files.directory, nobody, nobody);
    return files;
  }

  it('publishes all the same', async () => {
    const { directory, temporary, target } = await makeTwoForNobody();
    await asNobody(async () => {
      await expect(link(temporary, `${target}-2`)).rejects.toMatchObject({ code: 'EPERM' });
      await publishFile(temporary, target, { replace: false });
    });
    expect(await readdir(directory)).toEqual(['target']);
    expect(await readFile(target, 'utf8')).toBe('new');
  });

  it('lets exactly one of many win a name all the same', async () => {
    const { directory, temporary, target } = await makeTwoForNobody();
    const names = Array.from({ length: 20 }, (_, i) => join(directory, `temporary-${i}`));
    for (const name of names) await copyFile(temporary, name);
    const results = await asNobody(() =>
      Promise.allSettled(names.map((name) => publishFile(name, target, { replace: false }))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readFile(target, 'utf8')).toBe('new');
  });

  it('refuses an existing file all the same', async () => {
    const { temporary, target } = await makeTwoForNobody('old');
    const published = asNobody(() => publishFile(temporary, target, { replace: false }));
    await expect(published).rejects.toMatchObject({ kind: 'refused' });
    expect(await readFile(target, 'utf8')).toBe('old');
  });
});

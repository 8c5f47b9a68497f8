import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateTarget } from '../../../lib/placement/target.ts';
import { scratch } from '../../support/scratch.ts';

test('symbolic links are followed to where SQLite keeps the side files', async () => {
  const directory = await realpath(scratch());
  await mkdir(join(directory, 'data'));
  await writeFile(join(directory, 'data', 'app.db'), '');
  await symlink('data/app.db', join(directory, 'link.db'));
  await symlink('data', join(directory, 'link'));
  expect(await locateTarget(join(directory, 'link.db'))).toBe(join(directory, 'data', 'app.db'));
  expect(await locateTarget(join(directory, 'link', 'new.db'))).toBe(join(directory, 'data', 'new.db'));
});

test('a link to nothing and a missing directory are told, not made', async () => {
  const directory = await realpath(scratch());
  await symlink('nowhere', join(directory, 'dangling.db'));
  for (const path of ['dangling.db', 'nowhere/app.db']) {
    await expect(locateTarget(join(directory, path))).rejects.toMatchObject({ kind: 'missing' });
  }
});

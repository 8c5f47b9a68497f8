import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentFileHint } from '../../../lib/config/environment-file-hint.ts';
import { scratch } from '../../support/scratch.ts';

test.each([
  [['fstab'], undefined],
  [['ctv-db-sync.env'], ['ctv-db-sync.env', 'HOLDFAST_APP=ctv;']],
  [
    ['tag-tracker-db-sync.env', 'hosts'],
    ['tag-tracker-db-sync.env', 'HOLDFAST_APP=tag-tracker;'],
  ],
  [['-db-sync.env', 'a b-db-sync.env', '$(id)-db-sync.env', 'ctv-db-sync.env.bak'], undefined],
])('beside %j a shell is told of %j', (files, words) => {
  const directory = scratch();
  for (const name of files) writeFileSync(join(directory, name), '');
  const hint = environmentFileHint(directory);
  if (words === undefined) expect(hint).toBeUndefined();
  else for (const word of words) expect(hint).toContain(word);
});

test('where nothing can be listed there is no hint', () =>
  expect(environmentFileHint(join(scratch(), 'nowhere'))).toBeUndefined());

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sizeIfThere } from '../../../lib/files/size.ts';
import { scratch } from '../../support/scratch.ts';

test('the size of a file is asked without an error where there is none', async () => {
  const path = join(scratch(), 'file');
  expect(await sizeIfThere(path)).toBeUndefined();
  writeFileSync(path, 'abc');
  expect(await sizeIfThere(path)).toBe(3);
});

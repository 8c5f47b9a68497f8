import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { holdDirectory, inKnownPaths } from '../../../lib/files/held-directory.ts';
import { scratch } from '../../support/scratch.ts';

test('an error is told with the paths that people know, in all its lines and its hint', async () => {
  using directory = await holdDirectory(scratch());
  renameSync(directory.path, `${directory.path}-away`);
  const at = directory.at('app.db');
  const thrown = inKnownPaths(() =>
    Promise.reject(new OpsError('io', `cannot read ${at}:`, { hint: `ls ${at}`, lines: [`  ${at}-wal`] })),
  );
  const path = join(directory.path, 'app.db');
  await expect(thrown).rejects.toMatchObject({
    kind: 'io',
    message: `cannot read ${path}:\n  ${path}-wal`,
    hint: `ls ${path}`,
  });
  renameSync(`${directory.path}-away`, directory.path);
});

test.each([
  ['an error without one', new OpsError('io', 'cannot read it')],
  ['what is no error of ours', new Error('/proc/self/fd/3')],
])('%s passes as it is', async (_, error) => {
  await expect(inKnownPaths(() => Promise.reject(error))).rejects.toBe(error);
});

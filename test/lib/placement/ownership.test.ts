import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { applyOwnership, ownershipOf } from '../../../lib/placement/ownership.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';

async function makeFiles() {
  const directory = scratch();
  const [old, fresh] = [join(directory, 'old'), join(directory, 'fresh')];
  await writeFile(old, '');
  await writeFile(fresh, '', { mode: 0o600 });
  return { directory, old, fresh };
}

test('the mode of another file is taken over exactly', async () => {
  const { old, fresh } = await makeFiles();
  await chmod(old, 0o2664);
  await applyOwnership(fresh, old);
  expect(await ownershipOf(fresh)).toEqual(await ownershipOf(old));
});

test.runIf(process.geteuid?.() === 0)(
  'owner and group are taken over (needs root), and do not clear the set-id bits',
  async () => {
    const { fresh } = await makeFiles();
    const ownership = { uid: 1234, gid: 4321, mode: 0o2660 };
    await applyOwnership(fresh, ownership);
    expect(await ownershipOf(fresh)).toEqual(ownership);
  },
);

test('who may not change the owner is told what is needed, and the mode stays', async () => {
  const { directory, fresh } = await makeFiles();
  await chmod(directory, 0o755);
  const denied = asNobody(() => applyOwnership(fresh, { uid: 1, gid: 2, mode: 0o640 }));
  await expect(denied).rejects.toMatchObject({
    kind: 'denied',
    message: `cannot give ${fresh} to 1:2: only root or that user may`,
    hint: 'run the command as root, or as user 1: with another owner or group the app is locked out',
  });
  expect((await ownershipOf(fresh)).mode).toBe(0o600);
});

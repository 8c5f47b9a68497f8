import { appendFile, chmod, link, open, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileIdentity, identityAfterMove, sameIdentity } from '../../../lib/files/identity.ts';
import { scratch } from '../../support/scratch.ts';

async function makeFile(): Promise<string> {
  const path = join(scratch(), 'file');
  await writeFile(path, 'bytes');
  return path;
}

describe('fileIdentity', () => {
  it('is the same by path, by link and by descriptor', async () => {
    const path = await makeFile();
    await symlink(path, `${path}-link`);
    await using file = await open(path);
    const identity = await fileIdentity(path);
    expect(sameIdentity(identity, await fileIdentity(file))).toBe(true);
    expect(sameIdentity(identity, await fileIdentity(`${path}-link`))).toBe(true);
  });

  it('changes with the bytes, the mode and the file', async () => {
    const path = await makeFile();
    const identities = [await fileIdentity(path)];
    await appendFile(path, 'more');
    identities.push(await fileIdentity(path));
    await chmod(path, 0o600);
    identities.push(await fileIdentity(path));
    await writeFile(`${path}-other`, 'bytes');
    identities.push(await fileIdentity(`${path}-other`));
    for (const [i, one] of identities.entries()) {
      for (const [j, other] of identities.entries()) expect(sameIdentity(one, other)).toBe(i === j);
    }
  });

  it('is not known to be the same when one is not known', async () => {
    const identity = await fileIdentity(await makeFile());
    expect(sameIdentity(undefined, identity)).toBe(false);
    expect(sameIdentity(identity, undefined)).toBe(false);
    expect(sameIdentity(undefined, undefined)).toBe(false);
  });

  it('of a file that is not there is OpsError missing', async () => {
    await expect(fileIdentity(join(scratch(), 'none'))).rejects.toMatchObject({ kind: 'missing' });
  });
});

describe('identityAfterMove', () => {
  it('is known after a rename or a link and an unlink', async () => {
    const path = await makeFile();
    const before = await fileIdentity(path);
    await rename(path, `${path}-2`);
    expect(await identityAfterMove(before, `${path}-2`)).toEqual(await fileIdentity(`${path}-2`));
    await link(`${path}-2`, `${path}-3`);
    await unlink(`${path}-2`);
    expect(await identityAfterMove(before, `${path}-3`)).toEqual(await fileIdentity(`${path}-3`));
  });

  it('is not known when the bytes were touched, or when it is another file', async () => {
    const path = await makeFile();
    const before = await fileIdentity(path);
    await writeFile(`${path}-other`, 'bytes');
    expect(await identityAfterMove(before, `${path}-other`)).toBeUndefined();
    await appendFile(path, 'more');
    expect(await identityAfterMove(before, path)).toBeUndefined();
  });
});

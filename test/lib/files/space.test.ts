import { statfsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileSystemSpace, freeBytes, requireSpace } from '../../../lib/files/space.ts';
import { scratch } from '../../support/scratch.ts';

describe('freeBytes', () => {
  it('asks the nearest directory that exists', async () => {
    const directory = scratch();
    await writeFile(join(directory, 'file'), '');
    const total = statfsSync(directory).blocks * statfsSync(directory).bsize;
    for (const path of [directory, join(directory, 'a', 'b'), join(directory, 'file', 'a')]) {
      expect((await fileSystemSpace(path)).totalBytes).toBe(total);
      expect(await freeBytes(path)).toBeGreaterThan(0);
    }
  });

  it('is not known where the file system does not say', async () => {
    expect(await fileSystemSpace('/proc')).toEqual({ freeBytes: undefined, totalBytes: undefined });
  });
});

describe('requireSpace', () => {
  it('passes when there is enough, and where nobody knows', async () => {
    await requireSpace({ directory: scratch(), neededBytes: 1, purpose: 'back up ctv' });
    await requireSpace({ directory: '/proc', neededBytes: 1e18, purpose: 'back up ctv' });
  });

  it('names both numbers otherwise', async () => {
    const directory = scratch();
    const needed = requireSpace({ directory, neededBytes: 8e17, purpose: 'back up ctv' });
    await expect(needed).rejects.toMatchObject({
      kind: 'io',
      message: expect.stringMatching(
        /^cannot back up ctv: it needs 800 PB, [0-9.]+ [kMGTP]?B are free in \/.+$/,
      ) as string,
      hint: `free some space there; df -h ${directory} shows what is used`,
    });
  });
});

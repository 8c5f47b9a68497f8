import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { applyOwnership, granted } from '../../../lib/placement/ownership.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { scratch } from '../../support/scratch.ts';

async function freshFile(): Promise<string> {
  const path = join(scratch(), 'fresh');
  await writeFile(path, '', { mode: 0o600 });
  return path;
}

async function ownershipOf(path: string) {
  const { uid, gid, mode } = await stat(path);
  return { uid, gid, mode: mode & 0o7777 };
}

test('owner, group and mode are given', async () => {
  const path = await freshFile();
  const { uid, gid } = await ownershipOf(path);
  const wanted =
    process.geteuid?.() === 0 ? { uid: 1234, gid: 4321, mode: 0o660 } : { uid, gid, mode: 0o664 };
  await applyOwnership(path, wanted, path);
  expect(await ownershipOf(path)).toEqual(wanted);
});

test('who may not change the owner is told what is needed, and the mode stays', async () => {
  const path = await freshFile();
  await chmod(join(path, '..'), 0o755);
  await chmod(path, 0o604);
  const denied = asNobody(() => applyOwnership(path, { uid: 1, gid: 2, mode: 0o640 }, path));
  await expect(denied).rejects.toMatchObject({
    kind: 'denied',
    message: `cannot give ${path} to 1:2: only root or that user may`,
    hint: 'run the command as root, or as user 1: with another owner or group the app is locked out',
  });
  expect((await ownershipOf(path)).mode).toBe(0o604);
});

const documented = { uid: 33, gid: 44, mode: 0o2770 };
const rooted = { uid: 0, gid: 44, mode: 0o2770 };
const open = { uid: 33, gid: 44, mode: 0o755 };
const inPlace = { uid: 33, gid: 44, mode: 0o640 };

test.each([
  ['as the file in place', documented, inPlace, undefined, inPlace],
  ['as the directory where none is', documented, undefined, undefined, { uid: 33, gid: 44, mode: 0o660 }],
  ['what the backup says', documented, undefined, { uid: 33, gid: 44, mode: 0o640 }, inPlace],
  [
    'what the undo set says',
    documented,
    inPlace,
    { uid: 33, gid: 44, mode: 0o660 },
    { ...inPlace, mode: 0o660 },
  ],
  ['never root and set-id', documented, inPlace, { uid: 0, gid: 0, mode: 0o4755 }, inPlace],
  [
    'never set-id bits',
    documented,
    undefined,
    { uid: 33, gid: 44, mode: 0o6771 },
    { ...inPlace, mode: 0o660 },
  ],
  [
    'nor those of the file in place',
    documented,
    { ...inPlace, mode: 0o4751 },
    undefined,
    { ...inPlace, mode: 0o640 },
  ],
  [
    'never a stranger',
    documented,
    undefined,
    { uid: 34, gid: 44, mode: 0o600 },
    { uid: 33, gid: 44, mode: 0o660 },
  ],
  [
    'the group alone where the directory is root\u2019s',
    rooted,
    undefined,
    { uid: 33, gid: 44, mode: 0o640 },
    { uid: 0, gid: 44, mode: 0o660 },
  ],
  [
    'nothing for others to write',
    open,
    undefined,
    { uid: 33, gid: 44, mode: 0o666 },
    { uid: 33, gid: 44, mode: 0o644 },
  ],
])('a restored database gets %s', (_, directory, current, wish, expected) => {
  expect(granted(directory, current, wish)).toEqual(expected);
});

test('whatever is wished for, nobody gets more than there was', () => {
  const ownership = fc.record({
    uid: fc.constantFrom(0, 33, 34),
    gid: fc.constantFrom(0, 44, 45),
    mode: fc.integer({ min: 0, max: 0o7777 }),
  });
  const property = fc.property(
    ownership,
    fc.option(ownership, { nil: undefined }),
    fc.option(ownership, { nil: undefined }),
    (directory, current, wish) => {
      const models = current === undefined ? [directory] : [directory, current];
      const { uid, gid, mode } = granted(directory, current, wish);
      expect(models.map((model) => model.uid)).toContain(uid);
      expect(models.map((model) => model.gid)).toContain(gid);
      expect(mode & ~0o666).toBe(0);
      expect(mode & ~models.reduce((bits, model) => bits | model.mode, 0)).toBe(0);
    },
  );
  fc.assert(property);
});

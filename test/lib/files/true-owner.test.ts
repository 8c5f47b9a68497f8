// Whose a file is, told from inside of a user namespace: nothing that is not so outside as well.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trueOwnership } from '../../../lib/files/true-owner.ts';
import { scratch } from '../../support/scratch.ts';

const whole = '         0          0 4294967295\n';
const unit = '0 0 1\n990 990 1\n';
const rootless = '0 1000 1\n1 100000 65536\n';

test.each<
  [where: string, maps: [uid: string, gid: string] | undefined, of: [number, number], isKnown: boolean]
>([
  ['no namespaces', undefined, [999, 65534], true],
  ['no namespace of its own', [whole, whole], [999, 1000], true],
  ['no namespace of its own, nobody’s file', [whole, whole], [65534, 65534], true],
  ['a unit, its own file', [unit, unit], [990, 990], true],
  ['a unit, root’s file', [unit, unit], [0, 0], true],
  ['a unit, another user’s file', [unit, unit], [65534, 990], false],
  ['a unit, another group’s file', [unit, unit], [990, 65534], false],
  ['a unit, behind the last of a range', [unit, unit], [991, 990], false],
  ['a container that shifts, its root’s file', [rootless, rootless], [0, 0], false],
  ['a container that shifts, a user’s file', [rootless, rootless], [999, 999], false],
  ['a container that shifts groups alone', [whole, rootless], [999, 999], false],
  ['a namespace that has no map yet', ['', ''], [65534, 65534], false],
])('in %s', (_, maps, [uid, gid], isKnown) => {
  const root = scratch();
  mkdirSync(join(root, 'proc/self'), { recursive: true });
  for (const [index, kind] of ['uid', 'gid'].entries())
    if (maps !== undefined) writeFileSync(join(root, `proc/self/${kind}_map`), maps[index] ?? '');
  const seen = { uid, gid, mode: 0o640 };
  expect(trueOwnership(seen, root)).toEqual(isKnown ? seen : undefined);
});

test('what is not known is not made up', () => {
  expect(trueOwnership(undefined)).toBeUndefined();
});

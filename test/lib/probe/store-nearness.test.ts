// How near a store is to a database: by directories, mounts, subvolumes, partitions and what is stacked upon disks.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Mount } from '../../../lib/files/mount-info.ts';
import { nearnessOf, storeNearness } from '../../../lib/probe/store-nearness.ts';
import { scratch } from '../../support/scratch.ts';

function mount(source: string, device: string, type = 'ext4'): Mount {
  return { id: '1', device, point: '/x', type, source, isReadOnly: false };
}

/** A tree with the disks sda (two partitions, and LUKS on the second) and sdb. */
function machine(): string {
  const root = scratch();
  const place = (path: string, ...files: string[]) => {
    mkdirSync(join(root, path), { recursive: true });
    for (const file of files) writeFileSync(join(root, path, file), '1\n');
  };
  for (const [block, path] of [
    ['sda', 'sda'],
    ['sda1', 'sda/sda1'],
    ['sda2', 'sda/sda2'],
    ['sdb', 'sdb'],
    ['dm-0', 'dm-0'],
  ] as const) {
    place(join('sys/devices', path), ...(/\d$/.test(block) && block !== 'dm-0' ? ['partition'] : []));
    const link = join(root, 'sys/class/block', block);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'sys/devices', path), link);
    place('dev', block);
  }
  place('sys/devices/dm-0/slaves/sda2');
  return root;
}

test.each([
  ['one file system', mount('/dev/sda1', '8:1'), mount('/dev/sda1', '8:1'), 'same-disk'],
  ['two partitions', mount('/dev/sda1', '8:1'), mount('/dev/sda2', '8:2'), 'same-disk'],
  ['LUKS on a partition', mount('/dev/dm-0', '254:0'), mount('/dev/sda1', '8:1'), 'same-disk'],
  ['two subvolumes', mount('/dev/sdb', '0:40', 'btrfs'), mount('/dev/sdb', '0:41', 'btrfs'), 'same-disk'],
  ['two datasets of a pool', mount('tank/a', '0:50', 'zfs'), mount('tank/b', '0:51', 'zfs'), 'same-disk'],
  ['two disks', mount('/dev/sdb', '8:16'), mount('/dev/sda1', '8:1'), 'elsewhere'],
  ['a share', mount('nas:/srv', '0:60', 'nfs4'), mount('/dev/sda1', '8:1'), 'served'],
  ['one in memory', mount('tmpfs', '0:70', 'tmpfs'), mount('tmpfs', '0:70', 'tmpfs'), 'same-disk'],
])('%s', async (_, store, app, nearness) => {
  expect(await nearnessOf(store, app, machine())).toBe(nearness);
});

test('one directory in the other, also by a link', async () => {
  const root = scratch();
  for (const path of ['app/store', 'other']) mkdirSync(join(root, path), { recursive: true });
  symlinkSync(join(root, 'app/store'), join(root, 'link'));
  const near = (store: string, database: string) =>
    storeNearness({ store: join(root, store), database: join(root, database) });
  expect(await near('app/store', 'app/app.db')).toBe('in-app');
  expect(await near('link', 'app/app.db')).toBe('in-app');
  expect(await near('app', 'app/store/app.db')).toBe('around-app');
  expect(await near('other', 'app/app.db')).toBe('same-disk');
  expect(await near('nowhere', 'app/app.db')).toBeUndefined();
});

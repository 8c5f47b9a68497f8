import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readOnlyCheck } from '../../../lib/health/read-only.ts';
import { readOnlyProbe } from '../../../lib/probe/read-only.ts';
import { judged } from '../../support/judged.ts';
import { probeWorld, putFile } from '../../support/probe-context.ts';
import { scratch } from '../../support/scratch.ts';

/** A state directory that is there, on a file system as the kernel describes it. */
function worldOn(options: string, files: Record<string, string> = {}, type = 'ext4') {
  const state = scratch();
  const line = `27 1 179:2 / / ro,relatime shared:1 - ${type} /dev/mmcblk0p2 ${options}\n`;
  return { state, world: probeWorld({ state, files: { 'proc/self/mountinfo': line, ...files } }) };
}

test('a write arrives, and nothing of it stays', async () => {
  const { state, world } = worldOn('rw,errors=remount-ro');
  writeFileSync(join(state, '.holdfast-write-left'), 'of one that was killed');
  writeFileSync(join(state, 'ops.db'), 'stays');
  expect(await readOnlyProbe.measure(world, state)).toEqual({
    mount: { point: '/', type: 'ext4' },
    isReadOnly: false, // of the whole file system: that this mount of it is says a sandbox
    errors: undefined,
    write: { kind: 'written' },
  });
  expect(readdirSync(state)).toEqual(['ops.db']);
});

test.each(['ro,relatime', 'rw,emergency_ro', 'ro'])(
  'a file system that is %s takes no writes',
  async (options) => {
    const { state, world } = worldOn(options);
    const facts = await readOnlyProbe.measure(world, state);
    expect(judged(readOnlyCheck, facts, { subject: state }).verdict).toBe('critical');
  },
);

test.each(['rw,errors=remount-ro', 'rw,prjquota', 'rw,io_uring'])('one that is %s does', async (options) => {
  const { state, world } = worldOn(options);
  expect(await readOnlyProbe.measure(world, state)).toMatchObject({ isReadOnly: false });
});

test('errors that ext4 counted are found by the number of the device', async () => {
  const errors = async (type: string) => {
    const { state, world } = worldOn('rw', { 'sys/fs/ext4/mmcblk0p2/errors_count': '4\n' }, type);
    mkdirSync(join(world.root, 'sys/dev/block'), { recursive: true });
    symlinkSync('../../devices/mmc0/block/mmcblk0/mmcblk0p2', join(world.root, 'sys/dev/block/179:2'));
    return (await readOnlyProbe.measure(world, state)).errors;
  };
  expect(await errors('ext4')).toBe(4);
  expect(await errors('btrfs')).toBeUndefined();
});

test('what is refused is told in the words of the system, and what is in the way stays', async () => {
  const { world } = worldOn('rw');
  const path = join(scratch(), 'file');
  writeFileSync(path, 'whole');
  const { config } = world;
  const facts = await readOnlyProbe.measure({ ...world, config: { ...config, stateDirectory: path } }, path);
  expect(facts.write).toEqual({ kind: 'refused', words: 'Not a directory' });
  expect(readdirSync(dirname(path))).toEqual(['file']);
});

test('a store that is made with the first backup is no matter yet', async () => {
  const { state, world } = worldOn('rw');
  const path = join(state, 'store');
  const store = { kind: 'directory', id: undefined, path } as const;
  const facts = await readOnlyProbe.measure({ ...world, config: { ...world.config, store } }, path);
  expect(facts.write).toBeUndefined();
  expect(readdirSync(state)).toEqual([]);
});

test('in directories of the apps nothing is written', async () => {
  const { world } = worldOn('rw');
  const directory = scratch();
  expect((await readOnlyProbe.measure(world, directory)).write).toBeUndefined();
});

test('places of ours, each once, and none that waits to be mounted', async () => {
  const toml =
    '[store]\nkind = "directory"\npath = "/mnt/k/b"\n[apps.a]\ndatabase = "/srv/x/a.db"\n[apps.b]\ndatabase = "/srv/x/b.db"\n';
  const world = probeWorld({ toml });
  putFile(
    world.root,
    'proc/self/mountinfo',
    '27 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 27 0:27 / /mnt/k rw - autofs systemd-1 rw\n',
  );
  expect(await readOnlyProbe.subjects(world)).toEqual(['/var/lib/holdfast', '/srv/x']);
});

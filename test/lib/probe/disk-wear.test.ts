import { expect, test } from 'vitest';
import { diskWearProbe } from '../../../lib/probe/disk-wear.ts';
import { probeWorld, putFile } from '../../support/probe-context.ts';

const boot = 'proc/sys/kernel/random/boot_id';
const hourMs = 3_600_000;
/** The seventh number is what was written. */
const stat = (gigabytes: number) => `   21 0 1000 3 4 0 ${(gigabytes * 1e9) / 512} 5 0 6 7\n`;
const card = { [boot]: 'one\n', 'sys/block/mmcblk0/stat': stat(10) };

test('memory cards, and nothing else', async () => {
  const disk = (name: string, removable: string, size = '1000') => ({
    [`sys/block/${name}/removable`]: `${removable}\n`,
    [`sys/block/${name}/size`]: `${size}\n`,
  });
  const files = {
    ...card,
    ...disk('mmcblk0boot0', '0'),
    ...disk('mmcblk1', '0'),
    ...disk('sda', '1'),
    ...disk('sdb', '0'),
    ...disk('sdc', '1', '0'), // a reader without a card
    ...disk('nvme0n1', '0'),
    ...disk('loop0', '0'),
    ...disk('sr0', '1'),
  };
  expect(await diskWearProbe.subjects(probeWorld({ files }))).toEqual(['mmcblk0', 'mmcblk1', 'sda']);
  expect(await diskWearProbe.subjects(probeWorld())).toEqual([]);
});

test('a day of writing, over a start of the machine', async () => {
  const world = probeWorld({ files: card });
  const measured = async () => {
    const { writtenBytes, overMs } = await diskWearProbe.measure(world, 'mmcblk0');
    return [writtenBytes / 1e9, overMs / hourMs];
  };
  const write = (gigabytes: number) => putFile(world.root, 'sys/block/mmcblk0/stat', stat(gigabytes));
  expect(await measured()).toEqual([0, 0]); // what was written before nobody has seen
  world.clock.advance(hourMs);
  write(11);
  expect(await measured()).toEqual([1, 1]);
  putFile(world.root, boot, 'two\n');
  write(3); // counted anew
  world.clock.advance(hourMs);
  expect(await measured()).toEqual([4, 2]);
  for (let hours = 0; hours < 40; hours += 1) {
    world.clock.advance(hourMs);
    write(3 + hours + 1);
    await measured();
  }
  expect(await measured()).toEqual([24, 24]);
  expect((world.notes.get('disk-wear: mmcblk0') ?? '').length).toBeLessThan(2000);
});

test('after a long pause all of it counts, and a clock that goes back begins anew', async () => {
  const world = probeWorld({ files: card });
  await diskWearProbe.measure(world, 'mmcblk0');
  world.clock.advance(100 * hourMs);
  putFile(world.root, 'sys/block/mmcblk0/stat', stat(110));
  expect(await diskWearProbe.measure(world, 'mmcblk0')).toMatchObject({
    writtenBytes: 100e9,
    overMs: 100 * hourMs,
  });
  world.clock.advance(-200 * hourMs);
  expect(await diskWearProbe.measure(world, 'mmcblk0')).toMatchObject({ writtenBytes: 0, overMs: 0 });
});

test('another card in its place counts from nothing', async () => {
  const world = probeWorld({ files: card });
  await diskWearProbe.measure(world, 'mmcblk0');
  world.clock.advance(hourMs);
  putFile(world.root, 'sys/block/mmcblk0/stat', stat(2));
  expect(await diskWearProbe.measure(world, 'mmcblk0')).toMatchObject({
    writtenBytes: 2e9,
    sinceStartBytes: 2e9,
  });
});

test.each(['{', 'null', '{"boot":"one"}', '[]', '7'])('a note that says %s is none', async (text) => {
  const world = probeWorld({ files: card });
  world.notes.set('disk-wear: mmcblk0', text);
  expect(await diskWearProbe.measure(world, 'mmcblk0')).toMatchObject({ writtenBytes: 0, overMs: 0 });
});

test.each([
  [undefined, undefined, undefined],
  ['0x00 0x00', '0x00', undefined],
  ['0x01 0x03', '0x01', { usedPercent: 30, spares: 1 }],
  ['0x0b 0x01', '0x03', { usedPercent: 110, spares: 3 }],
  ['0x00 0x00', '0x02', { usedPercent: undefined, spares: 2 }],
  ['nonsense', '0x01', { usedPercent: undefined, spares: 1 }],
])('an eMMC that says %s and %s', async (life, spares, expected) => {
  const device = 'sys/block/mmcblk0/device';
  const files = {
    ...card,
    ...(life === undefined ? {} : { [`${device}/life_time`]: `${life}\n` }),
    ...(spares === undefined ? {} : { [`${device}/pre_eol_info`]: `${spares}\n` }),
  };
  expect((await diskWearProbe.measure(probeWorld({ files }), 'mmcblk0')).life).toEqual(expected);
});

test('a disk that went away, or says something else, is not known', async () => {
  const odd = probeWorld({ files: { ...card, 'sys/block/mmcblk0/stat': '1 2 3\n' } });
  await expect(diskWearProbe.measure(odd, 'mmcblk0')).rejects.toThrow(
    'cannot read /sys/block/mmcblk0/stat: it says 1 2 3',
  );
  await expect(diskWearProbe.measure(probeWorld(), 'mmcblk9')).rejects.toThrow(
    'cannot read /sys/block/mmcblk9/stat',
  );
});

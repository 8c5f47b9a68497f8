import { expect, test } from 'vitest';
import { memoryProbe } from '../../../lib/probe/memory.ts';
import { probeWorld, putFile } from '../../support/probe-context.ts';

const meminfo = `MemTotal:        8000000 kB
MemFree:          500000 kB
MemAvailable:    2000000 kB
Buffers:          100000 kB
Cached:          1000000 kB
SwapTotal:       1000000 kB
SwapFree:         750000 kB
HugePages_Total:       0
`;
const boot = 'proc/sys/kernel/random/boot_id';

test('a machine as the kernel describes it', async () => {
  const pressure =
    'some avg10=9.00 avg60=8.00 avg300=7.50 total=1\nfull avg10=1.00 avg60=1.00 avg300=1.00 total=1\n';
  const files = {
    'proc/meminfo': meminfo,
    'proc/pressure/memory': pressure,
    'proc/vmstat': 'oom_kill 0\n',
    [boot]: 'one\n',
  };
  expect(await memoryProbe.measure(probeWorld({ files }), 'machine')).toEqual({
    totalBytes: 8000000 * 1024,
    availableBytes: 2000000 * 1024,
    swapTotalBytes: 1000000 * 1024,
    swapFreeBytes: 750000 * 1024,
    waitedPercent: 7.5,
    killed: 0,
  });
});

test('an old kernel, which says less', async () => {
  const files = { 'proc/meminfo': meminfo.replace(/^MemAvailable.*\n/m, '') };
  expect(await memoryProbe.measure(probeWorld({ files }), 'machine')).toMatchObject({
    availableBytes: 1600000 * 1024,
    waitedPercent: undefined,
    killed: 0,
  });
});

test('what the kernel kills is news for an hour, in each start of the machine', async () => {
  const world = probeWorld({
    files: { 'proc/meminfo': meminfo, 'proc/vmstat': 'oom_kill 7\n', [boot]: 'one\n' },
  });
  const killed = async () => (await memoryProbe.measure(world, 'machine')).killed;
  expect(await killed()).toBe(0); // nobody knows when they were
  putFile(world.root, 'proc/vmstat', 'nr_free_pages 3\noom_kill 9\noom_kill_disable 0\n');
  world.clock.advance(5 * 60_000);
  expect(await killed()).toBe(2);
  world.clock.advance(30 * 60_000);
  putFile(world.root, 'proc/vmstat', 'oom_kill 10\n');
  expect(await killed()).toBe(3);
  world.clock.advance(31 * 60_000);
  expect(await killed()).toBe(1);
  world.clock.advance(60 * 60_000);
  expect(await killed()).toBe(0);
  putFile(world.root, boot, 'two\n');
  putFile(world.root, 'proc/vmstat', 'oom_kill 4\n');
  expect(await killed()).toBe(4);
});

test.each(['{', 'null', '"x"', '{"boot":1}', '{"boot":"one","value":1,"news":[{}]}', '[]'])(
  'a note that says %s is none',
  async (text) => {
    const world = probeWorld({
      files: { 'proc/meminfo': meminfo, 'proc/vmstat': 'oom_kill 1\n', [boot]: 'one\n' },
    });
    world.notes.set('memory: killed', text);
    expect((await memoryProbe.measure(world, 'machine')).killed).toBe(0);
  },
);

test('what is no answer is not known', async () => {
  await expect(
    memoryProbe.measure(probeWorld({ files: { 'proc/meminfo': 'nothing\n' } }), 'machine'),
  ).rejects.toThrow('cannot read /proc/meminfo: it names no MemTotal');
});

test('where there is no /proc there is nothing to ask, and on this machine there is', async () => {
  expect(await memoryProbe.subjects(probeWorld())).toEqual([]);
  const here = probeWorld({ root: '/' });
  expect(await memoryProbe.subjects(here)).toEqual(['machine']);
  const { totalBytes, availableBytes } = await memoryProbe.measure(here, 'machine');
  expect(availableBytes).toBeGreaterThan(0);
  expect(availableBytes).toBeLessThanOrEqual(totalBytes);
});

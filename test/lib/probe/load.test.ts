import { availableParallelism, cpus } from 'node:os';
import { expect, test } from 'vitest';
import { loadProbe } from '../../../lib/probe/load.ts';
import { probeWorld } from '../../support/probe-context.ts';

const stat = 'cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\nprocs_running 1\nprocs_blocked 3\n';

test('a machine as the kernel describes it', async () => {
  const files = { 'proc/loadavg': '3.50 2.25 1.00 3/108 19596\n', 'proc/stat': stat };
  const world = probeWorld({ files });
  expect(await loadProbe.subjects(world)).toEqual(['machine']);
  expect(await loadProbe.measure(world, 'machine')).toEqual({
    five: 2.25,
    fifteen: 1,
    processors: 2,
    blocked: 3,
  });
});

test('one that says little has a processor all the same', async () => {
  expect(
    await loadProbe.measure(probeWorld({ files: { 'proc/loadavg': '1 1 1 1/1 1' } }), 'machine'),
  ).toMatchObject({
    processors: 1,
    blocked: 0,
  });
});

test('what is no answer is not known', async () => {
  const world = probeWorld({ files: { 'proc/loadavg': 'high\n' } });
  await expect(loadProbe.measure(world, 'machine')).rejects.toThrow(
    'cannot read /proc/loadavg: it says high',
  );
  expect(await loadProbe.subjects(probeWorld())).toEqual([]);
});

test('this machine', async () => {
  const { processors } = await loadProbe.measure(probeWorld({ root: '/' }), 'machine');
  expect(processors).toBe(Math.max(cpus().length, Math.min(1, availableParallelism())));
});

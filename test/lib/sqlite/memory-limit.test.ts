import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryLimit } from '../../../lib/sqlite/memory-limit.ts';
import { scratch } from '../../support/scratch.ts';

const unlimited = '9223372036854771712';
const inSlice = '0::/holdfast-jobs.slice/db-backup@ctv.service\n';
const v2 = 'sys/fs/cgroup';
const slice = `${v2}/holdfast-jobs.slice`;
const unit = `${slice}/db-backup@ctv.service`;
const hybrid = '9:name=systemd:/a\n4:memory:/a/b\n3:cpuset:/c\n0::/z\n';
const v1 = 'sys/fs/cgroup/memory';

test.each<[string, string, Record<string, string>, number]>([
  ['no control groups', '', {}, Infinity],
  ['the top group, which has no files in v2', '0::/\n', {}, Infinity],
  ['no limit', inSlice, { [`${unit}/memory.max`]: 'max', [`${unit}/memory.high`]: 'max' }, Infinity],
  ['a limit', inSlice, { [`${unit}/memory.max`]: '448', [`${unit}/memory.high`]: 'max' }, 448],
  ['a limit above which it is slowed down', inSlice, { [`${unit}/memory.high`]: '320' }, 320],
  ['both', inSlice, { [`${unit}/memory.max`]: '448', [`${unit}/memory.high`]: '320' }, 320],
  ['a tighter slice', inSlice, { [`${unit}/memory.max`]: '448', [`${slice}/memory.max`]: '300' }, 300],
  ['a slice that slows down', inSlice, { [`${unit}/memory.max`]: '448', [`${slice}/memory.high`]: '3' }, 3],
  ['a wider slice', inSlice, { [`${unit}/memory.max`]: '448', [`${slice}/memory.max`]: '700' }, 448],
  ['a limit of zero', inSlice, { [`${unit}/memory.max`]: '0' }, 0],
  ['a container that sees itself at the top', '0::/\n', { [`${v2}/memory.max`]: '512' }, 512],
  ['a container that sees names outside of it', '0::/docker/1\n', { [`${v2}/memory.max`]: '512' }, 512],
  ['a file that says nothing', inSlice, { [`${unit}/memory.max`]: '' }, Infinity],
  ['v1', hybrid, { [`${v1}/a/b/memory.limit_in_bytes`]: '448' }, 448],
  [
    'v1 with a tighter group above',
    hybrid,
    { [`${v1}/a/b/memory.limit_in_bytes`]: unlimited, [`${v1}/a/memory.limit_in_bytes`]: '300' },
    300,
  ],
  ['v1 beside another controller', '4:hugetlb,memory:/a\n', { [`${v1}/a/memory.limit_in_bytes`]: '4' }, 4],
  ['v1, of a group that is not ours', hybrid, { [`${v1}/c/memory.limit_in_bytes`]: '4' }, Infinity],
])('%s', (_, groups, files, limit) => {
  const root = scratch();
  for (const [path, text] of Object.entries({ 'proc/self/cgroup': groups, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  expect(memoryLimit(root)).toBe(limit);
});

// How much memory this process may have: the least that its control group or one above it allows. Node asks its own group
// alone, and a service in a slice, or a command in a session, may be held by one further up.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Below `root`, by version: where the groups are, and what they call what they may hold, pages of files included. */
const hierarchies = [
  // cgroup v2. Above memory.high the kernel takes pages away and slows the process down: as good as a limit.
  { line: /^0::(\/.*)$/m, mount: 'sys/fs/cgroup', limits: ['memory.max', 'memory.high'] },
  {
    line: /^\d+:(?:[^:]+,)?memory(?:,[^:]+)?:(\/.*)$/m,
    mount: 'sys/fs/cgroup/memory',
    limits: ['memory.limit_in_bytes'],
  },
];

/** In bytes, infinite where there is no limit or nobody can say. `root` is `/`, but for tests. */
export function memoryLimit(root = '/'): number {
  const groups = contents(join(root, 'proc/self/cgroup'));
  const limits = hierarchies.flatMap(({ line, mount, limits }) => {
    const group = line.exec(groups)?.[1];
    const among = group === undefined ? [] : withThoseAbove(group);
    return among.flatMap((path) => limits.map((limit) => bytes(join(root, mount, path, limit))));
  });
  return Math.min(...limits); // of nothing it is infinity
}

/** A container may see the names of groups outside of it: those are missing, and its own is at the top. */
function withThoseAbove(group: string): string[] {
  return group === '/' ? ['/'] : [group, ...withThoseAbove(dirname(group))];
}

/** `max` in v2; v1 has a number larger than any memory. */
function bytes(path: string): number {
  const text = contents(path).trim();
  return /^\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function contents(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

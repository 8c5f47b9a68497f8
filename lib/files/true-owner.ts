// Whose a file is outside of this process's user namespace. Inside of one, everybody who has no number there looks alike:
// as the kernel's overflow number, which is nobody's. A record of that would give a database to nobody later on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ownership } from '../record/ownership.ts';

/**
 * The ownership where its owner and group have the same numbers outside, else undefined: then nobody here knows whose the
 * file is, and its mode says nothing without them. `root` is `/`, but for tests.
 */
export function trueOwnership(seen: Ownership | undefined, root = '/'): Ownership | undefined {
  if (seen === undefined) return undefined;
  const isTrue = isSameOutside(seen.uid, idMap('uid', root)) && isSameOutside(seen.gid, idMap('gid', root));
  return isTrue ? seen : undefined;
}

interface Range {
  inside: number;
  outside: number;
  count: number;
}

function isSameOutside(id: number, ranges: readonly Range[] | undefined): boolean {
  if (ranges === undefined) return true;
  return ranges.some(
    ({ inside, outside, count }) => inside === outside && id >= inside && id < inside + count,
  );
}

/** user_namespaces(7); undefined where the kernel has none. */
function idMap(kind: 'uid' | 'gid', root: string): Range[] | undefined {
  const text = contents(join(root, `proc/self/${kind}_map`));
  return text?.split('\n').flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    return inside === undefined || outside === undefined || count === undefined
      ? []
      : [{ inside, outside, count }];
  });
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

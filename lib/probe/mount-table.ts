// What is mounted where, as the kernel says: reading it asks no file system anything, and so never hangs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError } from '../base/errors.ts';
import { type Mount, parseMounts } from '../files/mount-info.ts';
import { placeOf } from '../health/causes.ts';

/** Everything that is mounted; of two at one point the one that is seen. */
export async function readMounts(root = '/'): Promise<Mount[]> {
  const path = join(root, 'proc/self/mountinfo');
  try {
    const mounts = parseMounts(await readFile(path, 'utf8'));
    return [...new Map(mounts.map((mount) => [mount.point, mount])).values()];
  } catch (error) {
    throw systemError(`read ${path}`, error);
  }
}

/** The mount that a path lies on, by its name alone: links are not followed, for that may hang. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const point = placeOf(
    path,
    mounts.map((mount) => mount.point),
  );
  return mounts.find((mount) => mount.point === point);
}

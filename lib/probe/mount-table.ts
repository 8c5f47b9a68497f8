// What is mounted where, as the kernel says: reading it asks no file system anything, and so never hangs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError } from '../base/errors.ts';
import { placeOf } from '../health/causes.ts';

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  /** Where it is seen. */
  readonly point: string;
  /** `ext4`, `cifs`, `autofs` … */
  readonly type: string;
  readonly source: string;
  /** The file system itself; that it is only shown so, as a sandbox shows all that is not its own, does not count. */
  readonly isReadOnly: boolean;
  /** Which device it is, `8:1`: two mounts with one number are one file system. */
  readonly device: string;
}

/** Everything that is mounted; of two at one point the one that is seen. */
export async function readMounts(root = '/'): Promise<Mount[]> {
  const path = join(root, 'proc/self/mountinfo');
  try {
    const text = await readFile(path, 'utf8');
    const mounts = text.split('\n').flatMap((line) => parseMount(line) ?? []);
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

function parseMount(line: string): Mount | undefined {
  const [before = '', after] = line.split(' - ');
  const [, , device = '', , point = ''] = before.split(' ');
  const [type = '', source = '', superOptions = ''] = after?.split(' ') ?? [];
  if (after === undefined || point === '') return undefined;
  // ext4 says the second where it has stopped by itself, on newer kernels.
  const isReadOnly = superOptions.split(',').some((option) => option === 'ro' || option === 'emergency_ro');
  return { point: plain(point), type, source: plain(source), isReadOnly, device };
}

/** The kernel writes blanks and the backslash as octal numbers, and nothing else. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

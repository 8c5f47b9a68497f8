// Names of users and groups on the system that is installed to, which need not be the one that runs.
import { join } from 'node:path';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';

const accountsBytesMax = 16 * 1024 * 1024;

export function groupName(root: string, id: number): string | undefined {
  return entries(root, 'group').find((fields) => fields[2] === String(id))?.[0];
}

/** Undefined where there is no such user yet. */
export function userId(root: string, name: string): number | undefined {
  const id = entries(root, 'passwd').find((fields) => fields[0] === name)?.[2];
  return id === undefined ? undefined : Number(id);
}

/** The user's own; undefined where there is no such user yet. */
export function userGroup(root: string, name: string): string | undefined {
  const id = entries(root, 'passwd').find((fields) => fields[0] === name)?.[3];
  return id === undefined ? undefined : groupName(root, Number(id));
}

function entries(root: string, file: 'group' | 'passwd'): string[][] {
  try {
    return readSmallFileSync(join(root, 'etc', file), { sizeBytesMax: accountsBytesMax, follow: true })
      .toString('utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return []; // a system without the file knows nobody
  }
}

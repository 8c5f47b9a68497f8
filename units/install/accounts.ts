// Names of users and groups on the system that is installed to, which need not be the one that runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function groupName(root: string, id: number): string | undefined {
  return entries(root, 'group').find((fields) => fields[2] === String(id))?.[0];
}

export function userExists(root: string, name: string): boolean {
  return entries(root, 'passwd').some((fields) => fields[0] === name);
}

function entries(root: string, file: 'group' | 'passwd'): string[][] {
  try {
    return readFileSync(join(root, 'etc', file), 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return []; // a system without the file knows nobody
  }
}

// What an installation would do to each file. Pure but for reading what is there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, systemError } from '../../lib/base/errors.ts';
import { hashOf, type Written } from './record.ts';
import type { Files } from './wanted.ts';

/**
 * `edited`: it is there, is not what was installed last, and not what would be. Only an operator can have made it.
 */
type ChangeKind = 'same' | 'new' | 'update' | 'edited' | 'remove';

export interface Change {
  path: string;
  kind: ChangeKind;
  before: string | undefined;
  after: string | undefined;
}

/** One change for each file that is wanted, or was written by an earlier installation and is no longer wanted. */
export function changesTo(root: string, wanted: Files, written: Written): Change[] {
  const gone = Object.keys(written).filter((path) => !wanted.has(path));
  return [
    ...[...wanted].map(([path, after]) => change(root, path, after, written[path])),
    ...gone
      .map((path) => change(root, path, undefined, written[path]))
      .filter(({ before }) => before !== undefined),
  ].sort((a, b) => a.path.localeCompare(b.path));
}

function change(root: string, path: string, after: string | undefined, hash: string | undefined): Change {
  const before = textOf(join(root, path));
  return { path, before, after, kind: kindOf(before, after, hash) };
}

function kindOf(before: string | undefined, after: string | undefined, hash: string | undefined): ChangeKind {
  if (before === after) return 'same';
  if (before === undefined) return 'new';
  if (hashOf(before) !== hash) return 'edited';
  return after === undefined ? 'remove' : 'update';
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw systemError(`read ${path}`, error);
  }
}

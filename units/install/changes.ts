// What an installation would do to each file. Pure but for reading what is there.
import { join } from 'node:path';
import { errorCode, OpsError, systemError } from '../../lib/base/errors.ts';
import { readSmallFileSync } from '../../lib/files/read-small-file.ts';
import { hashOf, type Written } from '../../lib/probe/install-record.ts';
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

/** Where the file that an operator changed is kept when ours takes its place. */
export function editedPath(path: string): string {
  return `${path}.edited`;
}

/** A line for each; for what helps to type the commands one a folder, for there are dozens, and nobody edits them. */
export function changeLines(changes: readonly Change[]): string[] {
  const lines = changes.map(({ kind, path, after }) => {
    if (kind !== 'edited') return `${kind.padEnd(7)} ${path.replace(helpFile, '$1')}`;
    if (after !== undefined) return `edited  ${path} (changed by hand)`;
    return `remove  ${path} (changed by hand: kept as ${editedPath(path)})`;
  });
  return [...new Set(lines)];
}

/** A man page, or the completion of a command. */
const helpFile = /(\/(?:man1|completions|site-functions)\/)[^/]+$/;

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

const unitBytesMax = 1024 * 1024;

function textOf(path: string): string | undefined {
  try {
    return readSmallFileSync(path, { sizeBytesMax: unitBytesMax, follow: true }).toString();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof OpsError) return ''; // a masked unit is a link to a device: not what was installed
    throw systemError(`read ${path}`, error);
  }
}

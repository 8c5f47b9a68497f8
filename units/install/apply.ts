// Writes and removes files as planned. A file is whole or as it was; what an operator wrote is never lost.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { systemError } from '../../lib/base/errors.ts';
import { type Change, editedPath } from './changes.ts';

/** Applies the changes in order. Throws OpsError for the first that fails; the next run goes on from there. */
export function applyChanges(root: string, changes: readonly Change[]): void {
  for (const { path, kind, after } of changes) {
    const target = join(root, path);
    try {
      if (kind === 'same') continue;
      if (kind === 'edited') renameSync(target, editedPath(target));
      if (after === undefined) removeFile(target);
      else writeFile(target, after);
    } catch (error) {
      throw systemError(`write ${target}`, error);
    }
  }
}

function writeFile(target: string, text: string): void {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.new`, text);
  chmodSync(`${target}.new`, 0o644);
  renameSync(`${target}.new`, target);
}

/** And directories that we may have made, where nothing is left in them. */
function removeFile(target: string): void {
  rmSync(target, { force: true });
  for (let folder = dirname(target); isOurs.test(folder) && existsSync(folder); folder = dirname(folder)) {
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}

const isOurs =
  /(\.(service|timer)\.d|\/lib\/holdfast|\/share\/man\/man1|\/share\/(bash-completion|zsh)(\/[^/]+)?|\/etc\/fish(\/completions)?)$/;

// Holdfast's own version, for manifests, history and --version.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/**
 * The version in package.json, and where Holdfast runs from a checkout the commit behind it: `0.2.0-dev+1a2b3c4d5e`.
 * A commit that cannot be read is left out: it is worth no failure.
 */
export function holdfastVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const commit = checkedOutCommit(root);
  return commit === undefined ? version : `${version}+${commit.slice(0, 10)}`;
}

/**
 * The commit that is checked out in `folder`, in hex; undefined where there is none or none that can be read.
 *
 * Git is not started, for it would cost as much as the whole `--help`, and acts on a configuration that others may have
 * written. These are three small files, beside code of the same owner that runs already, and only a hash comes out of them.
 */
export function checkedOutCommit(folder: string): string | undefined {
  try {
    const git = gitDirectory(join(folder, '.git'));
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
    const name = /^ref: (refs\/.+)$/.exec(head)?.[1];
    return hashOnly(name === undefined ? head : branchTip(commonDirectory(git), name));
  } catch {
    return undefined; // no checkout, or one whose files this user may not read
  }
}

/** A work tree of its own has a file in the place of the directory, which names it. */
function gitDirectory(path: string): string {
  const named = /^gitdir: (.+)$/m.exec(readIfThere(path) ?? '')?.[1];
  return named === undefined ? path : resolve(path, '..', named);
}

/** Where the branches are: a work tree of its own shares them with the others. */
function commonDirectory(git: string): string {
  return resolve(git, readIfThere(join(git, 'commondir'))?.trim() ?? '.');
}

function branchTip(common: string, name: string): string | undefined {
  const loose = readIfThere(join(common, name));
  if (loose !== undefined) return loose.trim();
  const packed = readFileSync(join(common, 'packed-refs'), 'utf8').split('\n');
  return packed.find((line) => line.endsWith(` ${name}`))?.split(' ')[0];
}

/** Undefined for a directory and for what is not there. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function hashOnly(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text : undefined;
}

// The version names the commit, in every way in which git keeps one; what cannot be read is left out.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkedOutCommit, holdfastVersion } from '../../../lib/run/version.ts';
import { scratch } from '../../support/scratch.ts';

const root = resolve(import.meta.dirname, '../../..');

function git(folder: string, ...words: string[]): string {
  const who = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@example.org', '-c', 'commit.gpgsign=false'];
  // What a hook or a rebase around this run sets would lead git to another checkout.
  const foreign = Object.keys(process.env).filter((name) => name.startsWith('GIT_'));
  const env = { ...process.env, ...Object.fromEntries(foreign.map((name) => [name, undefined])) };
  return execFileSync('git', [...who, ...words], { cwd: folder, env, encoding: 'utf8' }).trim();
}

/** A checkout with one commit, on a branch whose name has a slash. */
function checkout(): { folder: string; commit: string } {
  const folder = join(scratch(), 'checkout');
  mkdirSync(folder);
  git(folder, 'init', '--quiet', '--initial-branch=work/one');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message=first');
  return { folder, commit: git(folder, 'rev-parse', 'HEAD') };
}

test('a branch that has just moved', () => {
  const { folder, commit } = checkout();
  expect(checkedOutCommit(folder)).toBe(commit);
});

test('a branch that git has packed away', () => {
  const { folder, commit } = checkout();
  git(folder, 'branch', 'other/work/one', git(folder, 'commit-tree', '-m', 'other', 'HEAD^{tree}'));
  git(folder, 'pack-refs', '--all');
  expect(checkedOutCommit(folder)).toBe(commit);
});

test('no branch at all', () => {
  const { folder, commit } = checkout();
  git(folder, 'checkout', '--quiet', '--detach');
  expect(checkedOutCommit(folder)).toBe(commit);
});

test('a work tree beside the first', () => {
  const { folder, commit } = checkout();
  git(folder, 'worktree', 'add', '--quiet', '-b', 'two', '../second');
  git(folder, 'commit', '--quiet', '--allow-empty', '--message=later');
  expect(checkedOutCommit(join(folder, '../second'))).toBe(commit);
});

test('a folder that is no checkout, one without a commit, and one whose branch holds something else', () => {
  const folder = scratch();
  expect(checkedOutCommit(folder)).toBeUndefined();
  git(folder, 'init', '--quiet', '--initial-branch=main');
  expect(checkedOutCommit(folder)).toBeUndefined();
  mkdirSync(join(folder, '.git/refs/heads'), { recursive: true });
  writeFileSync(join(folder, '.git/refs/heads/main'), 'root:x:0:0\n');
  expect(checkedOutCommit(folder)).toBeUndefined();
});

test('the version is that of package.json, with the commit where there is one', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const commit = checkedOutCommit(root);
  expect(holdfastVersion()).toBe(commit === undefined ? version : `${version}+${commit.slice(0, 10)}`);
});

// This checkout as a repository to clone from: what is in the work tree, committed or not, without what git ignores.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const project = resolve(import.meta.dirname, '../../..');

/** Makes `target` a repository with one commit. */
export function commitWorkTree(target: string): void {
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-C', cwd, ...args], { encoding: 'utf8' });
  const names = git(project, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  for (const name of names.filter((entry) => entry !== '' && existsSync(join(project, entry)))) {
    mkdirSync(join(target, dirname(name)), { recursive: true });
    cpSync(join(project, name), join(target, name), { verbatimSymlinks: true });
  }
  git(target, 'init', '--quiet', '--initial-branch=main');
  git(target, 'add', '--all');
  git(
    target,
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@localhost',
    'commit',
    '--quiet',
    '--message=all',
  );
}

/** Where npm lies on this machine: the folder of its package. */
export function npmFolder(): string {
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
  return resolve(dirname(realpathSync(npm)), '..');
}

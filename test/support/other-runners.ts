// Other ways to run our commands: without the superuser's rights, or with other mounts. Both need a superuser to set up.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import process from 'node:process';
import { nobody } from './as-nobody.ts';
import { type Runner, runnerOf } from './bad-input.ts';
import { runProgram, type World } from './world.ts';

const project = resolve(import.meta.dirname, '../..');

/** Whether this process may become another user and mount things. Where it is false the test is skipped, visibly. */
export const isRoot = process.geteuid?.() === 0;

/** Gives everything in the world to `nobody`, except the directory of the database with what is in it: as root only. */
export function giveToNobody(world: World): void {
  if (!isRoot) return;
  execFileSync('chown', ['-R', `${nobody}:${nobody}`, world.home]);
  execFileSync('chown', ['-R', '0:0', `${world.home}/app`]);
  execFileSync('chmod', ['0755', `${world.home}/app`]);
}

/** Runs commands as `nobody` when this process is root, otherwise as the user it is anyway. */
export function asNobody(world: World): Runner {
  if (!isRoot) return runnerOf(world);
  const user = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  return (command, args, environment) =>
    runProgram('setpriv', [...user, `${project}/bin/${command}`, ...args], {
      environment: { HOLDFAST_CONFIG: world.config, ...environment },
    });
}

/**
 * Runs commands in a mount namespace of their own, after the shell commands of `before` and before those of `after`.
 * They find the world's directories as $HOME_DIRECTORY, $APP, $STORE and $STATE.
 */
export function withMounts(world: World, before: string, after = ':'): Runner {
  const script = `set -e\n${before}\nset +e\n"$0" "$@"\ncode=$?\nset -e\n${after}\nexit "$code"`;
  return (command, args, environment) =>
    runProgram('unshare', ['--mount', 'sh', '-c', script, `${project}/bin/${command}`, ...args], {
      environment: {
        HOLDFAST_CONFIG: world.config,
        HOME_DIRECTORY: world.home,
        APP: `${world.home}/app`,
        STORE: world.store,
        STATE: world.state,
        ...environment,
      },
    });
}

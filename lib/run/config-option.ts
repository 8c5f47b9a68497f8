// What a person has to type after a command so that it finds the configuration of the run that names the command.
import { shellWord } from '../base/shell-word.ts';
import type { Config } from '../config/config.ts';

/** ` --config <path>`, ` --env-file <path>` or both, quoted for a shell; empty where the usual places are enough. */
export function configOption({ named }: Pick<Config, 'named'>): string {
  return `${option('--config', named.config)}${option('--env-file', named.envFile)}`;
}

function option(name: string, path: string | undefined): string {
  return path === undefined ? '' : ` ${name} ${shellWord(path)}`;
}

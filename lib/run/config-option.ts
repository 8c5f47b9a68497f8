// What a person has to type after a command so that it finds the configuration of the run that names the command.
import type { Config } from '../config/config.ts';

/** ` --config <path>`, ` --env-file <path>` or both, quoted for a shell; empty where the usual places are enough. */
export function configOption({ named }: Pick<Config, 'named'>): string {
  return `${option('--config', named.config)}${option('--env-file', named.envFile)}`;
}

function option(name: string, path: string | undefined): string {
  if (path === undefined) return '';
  const isPlain = /^[\w./@%+,:-]+$/.test(path);
  return ` ${name} ${isPlain ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`}`;
}

/** Our commands as messages name them. */
const commands =
  /\b(?:db-backup (?:test|upload|backup|info|list-backups|list|download|run|verify|prune|link)|restore (?:list|plan|run|download|undo|drill|status)|alert-send (?:deliver|test|list|ack|spool)|db-export-json (?:run|status|check|import|freeze|unfreeze))(?![\w-])(?![^;,]* --(?:config|env-file) )/g;

/** A hint whose commands work as they are typed: those of ours get what finds the configuration. */
export function completeHint(hint: string | undefined, option: string): string | undefined {
  return option === '' ? hint : hint?.replace(commands, (command) => `${command}${option}`);
}

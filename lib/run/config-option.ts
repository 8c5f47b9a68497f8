// What a person has to type after a command so that it finds the configuration of the run that names the command.
import type { Config } from '../config/config.ts';
import { defaultPath } from '../config/load.ts';

/** ` --config <path>`, quoted for a shell; empty where the usual file or the environment is enough. */
export function configOption({ source }: Pick<Config, 'source'>): string {
  if (!source.startsWith('/') || source === defaultPath) return '';
  const isPlain = /^[\w./@%+,:-]+$/.test(source);
  return ` --config ${isPlain ? source : `'${source.replaceAll("'", String.raw`'\''`)}'`}`;
}

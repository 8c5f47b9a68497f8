// Places that are known to everybody on a machine: whoever may not look into one must not act as if it were not there.
import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorCode } from '../base/errors.ts';
import { type Environment, nonEmpty } from './environment.ts';

/** Where the configuration is unless something else is said. */
export const defaultPath = '/etc/holdfast/holdfast.toml';
/** A larger file is none. */
export const settingsBytesMax = 1024 * 1024;

/** Whether something stands there, also where this user may not see it. */
export function stands(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR';
  }
}

/** The whole path of the configuration: of the file that is named, else of the known one; undefined for the environment alone. */
export function configurationFile(path: string | undefined, environment: Environment): string | undefined {
  const named = path ?? nonEmpty(environment.HOLDFAST_CONFIG);
  if (named !== undefined) return resolve(named);
  return stands(defaultPath) ? defaultPath : undefined;
}

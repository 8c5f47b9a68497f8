// Places that are known to everybody on a machine: whoever may not look into one must not act as if it were not there.
import { lstatSync } from 'node:fs';
import { errorCode } from '../base/errors.ts';

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

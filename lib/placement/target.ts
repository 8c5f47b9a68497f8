// Where a database really lies. A rename over a symbolic link would replace the link, and SQLite keeps the side
// files of a database beside the file that the link leads to.
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { wrapped } from './wrapped.ts';

/**
 * The path of the database with every symbolic link followed; what every function of this folder wants as `target`.
 * The file itself may be missing, its directory may not. Throws OpsError `missing` for that, and for a link that
 * leads to nothing.
 */
export async function locateTarget(path: string): Promise<string> {
  const absolute = resolve(path);
  return wrapped(`find ${absolute}`, async () => {
    try {
      return await realpath(absolute);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || (await ifThere(lstat(absolute))) !== undefined) throw error;
    }
    return join(await realpath(dirname(absolute)), basename(absolute));
  });
}

// Where the page for the safe is written: a new file that only its owner reads, because there is a secret on it.
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { systemError } from '../base/errors.ts';
import { locateDirectory } from '../files/locate-file.ts';
import { removeQuietly } from '../files/publish-file.ts';
import { fullDiskDetails } from '../files/space.ts';

/**
 * Writes the page to `path`, which must not exist (OpsError `refused`). Returns what removes it again; where writing fails nothing
 * stays there.
 */
export async function writePage(path: string, html: string): Promise<() => Promise<void>> {
  const directory = await locateDirectory(dirname(resolve(path))).catch((error: unknown) => {
    throw systemError(`write ${path}`, error);
  });
  using held = directory;
  const target = held.at(basename(path));
  try {
    await using file = await open(target, 'wx', 0o600); // follows no link, replaces nothing
    try {
      await file.writeFile(html);
      await file.sync();
    } catch (error) {
      await removeQuietly(target);
      throw error;
    }
  } catch (error) {
    throw systemError(`write ${path}`, error, fullDiskDetails(error, dirname(path)));
  }
  return () => removeQuietly(path);
}

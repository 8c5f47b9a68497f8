// The directory of an app's documents, which somebody else may own.
import { shellWord } from '../../../lib/base/shell-word.ts';
import { systemError } from '../../../lib/base/errors.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { locateDirectory } from '../../../lib/files/locate-file.ts';
import type { ExportedApp } from './export-apps.ts';

/** Holds it. It is not made: where it is missing, most likely something is not mounted. */
export async function openDirectory({ name, export: { directory } }: ExportedApp): Promise<HeldDirectory> {
  try {
    return await locateDirectory(directory);
  } catch (error) {
    throw systemError(`reach the documents of ${name} in ${directory}`, error, {
      hint: `it must be a directory that this user may write: mkdir -p ${shellWord(directory)}`,
    });
  }
}

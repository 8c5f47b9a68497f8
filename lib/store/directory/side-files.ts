// R3 in a store: whoever opens a copy there and is killed leaves a log or a journal beside it. Beside the copy of the next
// night SQLite would take it for a part of that one, and read rubbish.
import { shellWord } from '../../base/shell-word.ts';
import { lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, systemError } from '../../base/errors.ts';
import type { HeldDirectory } from '../../files/held-directory.ts';
import { ifThere } from '../../files/if-there.ts';
import type { DirectoryAccess } from './access.ts';

const sideSuffixes = ['-journal', '-wal', '-shm'] as const;

/**
 * Renames what would be taken for a part of the object `name` in `directory`, whatever it is, before that gets its bytes:
 * `database.db-wal.left-20261120T020513Z`. It may hold what somebody wrote: nothing of it is removed. Throws OpsError.
 */
export async function moveSideFilesAside(
  directory: HeldDirectory,
  name: string,
  { clock, log }: Pick<DirectoryAccess, 'clock' | 'log'>,
): Promise<void> {
  let moved = false;
  for (const suffix of sideSuffixes) {
    const found = `${name}${suffix}`;
    const path = join(directory.path, found);
    try {
      if (!(await isThere(directory, found))) continue;
      const kept = await freeName(directory, `${found}.left-${stamp(clock.now())}`);
      await ifThere(rename(directory.at(found), directory.at(kept)));
      moved = true;
      log.warn('moved aside what would be taken for a part of the new copy', {
        path,
        now: join(directory.path, kept),
      });
    } catch (error) {
      throw systemError(`move ${path} aside`, error, { hint: `whose is it? ls -l ${shellWord(path)}` });
    }
  }
  if (moved) await directory.sync(); // before the new copy can come to lie beside them
}

async function freeName(directory: HeldDirectory, wanted: string): Promise<string> {
  let name = wanted;
  for (let ordinal = 2; await isThere(directory, name); ordinal += 1) name = `${wanted}-${ordinal}`;
  return name;
}

/** A name that is too long is nobody's. */
async function isThere(directory: HeldDirectory, name: string): Promise<boolean> {
  try {
    return (await ifThere(lstat(directory.at(name)))) !== undefined;
  } catch (error) {
    if (errorCode(error) === 'ENAMETOOLONG') return false;
    throw error;
  }
}

function stamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

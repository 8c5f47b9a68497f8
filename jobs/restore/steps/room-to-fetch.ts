// What a backup takes while it is fetched, beside the database that comes out of it: objects that are put together, or opened.
import { stat } from 'node:fs/promises';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { formatByName, isSealedName } from '../../../lib/backup/name.ts';
import { formatBytes } from '../../../lib/base/format.ts';
import { ifPathThere } from '../../../lib/files/if-there.ts';
import { freeBytes, spaceCommand } from '../../../lib/files/space.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { neededBackups } from '../../steps/needed-backups.ts';

/** Room that is needed for a while. */
interface FetchRoom {
  /** On the disk that the database goes to. */
  besideBytes: number;
  /** That another disk has too little. */
  obstacles: { message: string; hint: string }[];
}

/** What fetching `entry` takes for a database in `directory`. */
export async function roomToFetch(
  context: JobContext,
  { entry, entries }: { entry: CatalogueEntry; entries: readonly CatalogueEntry[] },
  directory: string,
): Promise<FetchRoom> {
  // A plain file that is sealed lies beside what it is opened to.
  if (formatByName(entry.name) === 'plain')
    return { besideBytes: isSealedName(entry.name) ? entry.storedBytes : 0, obstacles: [] };
  const { fetchBytes } = neededBackups(entry, entries);
  const scratch = (await context.openStore()).stagingDirectory ?? context.config.stateDirectory;
  if ((await diskOf(scratch)) === (await diskOf(directory)))
    return { besideBytes: fetchBytes, obstacles: [] };
  const free = await freeBytes(scratch);
  if (free === undefined || free >= fetchBytes) return { besideBytes: 0, obstacles: [] };
  const message = `what it is made of needs ${formatBytes(fetchBytes)}, ${formatBytes(free)} are free in ${scratch}`;
  return {
    besideBytes: 0,
    obstacles: [{ message, hint: `free some space there; ${spaceCommand(scratch)} shows what is used` }],
  };
}

async function diskOf(path: string): Promise<number | undefined> {
  return (await ifPathThere(stat(path)))?.dev;
}

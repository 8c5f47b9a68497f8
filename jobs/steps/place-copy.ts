// A copy that gets a name where nothing is: how it belongs, and how it journals, by whose place that is.
import type { CatalogueEntry } from '../../lib/backup/catalogue.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { OpsError } from '../../lib/base/errors.ts';
import { type GuardedApp, isFileApp } from '../../lib/config/config.ts';
import type { FileDigest } from '../../lib/files/digest.ts';
import { locateFile } from '../../lib/files/locate-file.ts';
import { memberPath, type SetPlace } from '../../lib/placement/database-set.ts';
import { placeNew } from '../../lib/placement/place-new.ts';
import type { Staging } from '../../lib/placement/staging.ts';
import type { JobContext } from '../../lib/run/context.ts';
import { keepJournalMode } from '../../lib/sqlite/journal-mode.ts';

/**
 * Gives the staged copy its name at `target`, where nothing may be. At the place of the app's database it is what a restore
 * would put there: owner, group, mode and journal mode as they were. Anywhere else it is for who asked for it alone, and
 * opens also where nothing can be written. Throws OpsError.
 */
export async function placeCopy(
  { runCommand }: Pick<JobContext, 'runCommand'>,
  app: GuardedApp,
  staging: Pick<Staging, 'directory' | 'name' | 'database'>,
  target: SetPlace,
  manifest: Manifest | undefined,
): Promise<void> {
  if (!(await isPlaceOf(app, target))) return placeNew(staging, target);
  await keepModeInPlace(target, staging, manifest);
  await placeNew(staging, target, { ownership: manifest?.ownership, runCommand });
}

/** Gives the staged copy the journal mode of the database in place, else the one that its manifest says (R5). */
export function keepModeInPlace(
  { directory, name }: SetPlace,
  { database }: Pick<Staging, 'database'>,
  manifest: Manifest | undefined,
): Promise<void> {
  return keepJournalMode(directory.at(name), database, journalModeOf(manifest));
}

/** As it was at the source; undefined where nobody knows. */
function journalModeOf(manifest: Manifest | undefined): string | undefined {
  return manifest?.engine === 'sqlite' ? manifest.journalMode : undefined;
}

/** The manifest among the entries that vouches for these bytes: the latest copy has those of a backup. */
export function manifestOfBytes(
  { sha256 }: Pick<FileDigest, 'sha256'>,
  entries: readonly CatalogueEntry[],
): Manifest | undefined {
  return entries.find(({ manifest }) => manifest?.sha256 === sha256)?.manifest;
}

/** Whether it is where the app has its database. */
export async function isPlaceOf(app: GuardedApp, target: SetPlace): Promise<boolean> {
  if (!isFileApp(app)) return false;
  try {
    using own = await locateFile(app.database);
    return own.path === memberPath(target);
  } catch (error) {
    if (error instanceof OpsError) return false; // nothing can be placed there
    throw error;
  }
}

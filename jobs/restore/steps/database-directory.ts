// The worst day: the directory of the database is gone. What it has to be is said, and it is made where that is asked for.
import { shellWord } from '../../../lib/base/shell-word.ts';
import type { CatalogueEntry } from '../../../lib/backup/catalogue.ts';
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import { accountName, accountNumber } from '../../../lib/files/accounts.ts';
import {
  directoryFor,
  makeDatabaseDirectory,
  missingDirectory,
} from '../../../lib/placement/missing-directory.ts';
import type { Ownership } from '../../../lib/record/ownership.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { Declined } from '../../../lib/run/failure.ts';

/** A directory that is not there. */
export interface GoneDirectory {
  path: string;
  /** Whose it should be, as the manifest of a backup suggests; undefined where none says so. */
  wanted: Ownership | undefined;
}

/** The directory of the database, where it is gone. What it should be is read off the backup that is chosen, else the newest that says so. */
export async function goneDirectory(
  { database }: FileApp,
  entry: CatalogueEntry,
  entries: readonly CatalogueEntry[],
): Promise<GoneDirectory | undefined> {
  const path = await missingDirectory(database);
  if (path === undefined) return undefined;
  const ownership = [entry, ...entries].find(({ manifest }) => manifest?.ownership !== undefined)?.manifest
    ?.ownership;
  return { path, wanted: ownership === undefined ? undefined : directoryFor(ownership) };
}

/** `app:app`, in names where this machine has them. */
function ownerWords({ uid, gid }: Ownership): string {
  return `${accountName('user', uid)}:${accountName('group', gid)}`;
}

/** What is not there, and what it has to be, in a sentence without its end. */
export function goneWords({ path, wanted }: GoneDirectory): string {
  if (wanted === undefined) return `its directory ${path} is not there`;
  const mode = wanted.mode.toString(8).padStart(4, '0');
  return `its directory ${path} is not there; by the backup it is for ${ownerWords(wanted)}, mode ${mode}`;
}

/** The commands that make it. */
export function goneHint({ name }: FileApp, { path, wanted }: GoneDirectory, backup: string): string {
  const owner = wanted === undefined ? '<user>:<group>' : ownerWords(wanted);
  return (
    `is the disk that it is on mounted? findmnt shows what is; if ${path} is to be made anew: ` +
    `restore run ${shellWord(backup)} --app ${name} --make-directory ${owner}`
  );
}

/**
 * Makes the directory where the person says so: with `--make-directory`, or when asked. Throws OpsError `missing` where
 * nobody does.
 */
export async function requireDirectory(
  context: JobContext,
  app: FileApp,
  gone: GoneDirectory,
  { makeDirectory: owner, yes, backup }: { makeDirectory: string | undefined; yes: boolean; backup: string },
): Promise<void> {
  const { path } = gone;
  const wanted =
    owner === undefined ? gone.wanted : { ...(gone.wanted ?? { mode: 0o2770 }), ...parseOwner(owner) };
  const isAsked = owner === undefined && !yes && wanted !== undefined;
  const answer = isAsked
    ? await context.confirm(
        `The directory ${path} is not there (is its disk mounted?). Make it for ${ownerWords(wanted)}?`,
      )
    : owner !== undefined;
  if (isAsked && answer === false) throw new Declined();
  if (answer !== true || wanted === undefined)
    throw new OpsError('missing', `cannot restore to ${app.database}: ${goneWords(gone)}`, {
      hint: goneHint(app, gone, backup),
    });
  await makeDatabaseDirectory(path, wanted);
  context.log.info(`${app.name}: made the directory ${path} for ${ownerWords(wanted)}`);
  context.noteLeft(`the directory ${path} was made`);
}

function parseOwner(text: string): Pick<Ownership, 'uid' | 'gid'> {
  const [user = '', group = '', ...rest] = text.split(':');
  const [uid, gid] = [accountNumber('user', user), accountNumber('group', group)];
  if (uid !== undefined && gid !== undefined && rest.length === 0) return { uid, gid };
  throw new OpsError(
    'usage',
    `cannot make a directory for ${JSON.stringify(text)}: it is no user and group of this machine`,
    {
      hint: 'write both, by name or number: --make-directory app:app',
    },
  );
}

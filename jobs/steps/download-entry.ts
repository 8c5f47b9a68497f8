// The database in a backup, or any other file of the store, at a new path and compared with its manifest.
import { shellWord } from '../../lib/base/shell-word.ts';
import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { BackupState, CatalogueEntry } from '../../lib/backup/catalogue.ts';
import { databaseFileName } from '../../lib/backup/name.ts';
import { OpsError, systemError } from '../../lib/base/errors.ts';
import { formatBytes } from '../../lib/base/format.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { HashedFile } from '../../lib/files/digest.ts';
import { inKnownPaths } from '../../lib/files/held-directory.ts';
import { ifPathThere } from '../../lib/files/if-there.ts';
import { locateDirectory } from '../../lib/files/locate-file.ts';
import { requireSpace } from '../../lib/files/space.ts';
import { memberPath, type SetPlace } from '../../lib/placement/database-set.ts';
import { requireFree } from '../../lib/placement/place-new.ts';
import { stagingIn } from '../../lib/placement/staging.ts';
import { BadBackup } from '../../lib/repository/bad-backup.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome } from '../../lib/run/job.ts';
import type { Store } from '../../lib/store/store.ts';
import { isPiece } from './choose-entry.ts';
import { condemn } from './condemn.ts';
import { identicalFile } from './identical-file.ts';
import { isPlaceOf, manifestOfBytes, placeCopy } from './place-copy.ts';

/** What is to be downloaded, and where to. */
export interface DownloadOrder {
  /** The command it is for: `restore download`. */
  command: string;
  app: GuardedApp;
  entry: CatalogueEntry;
  entries: readonly CatalogueEntry[];
  /** A path that does not exist, or a directory. */
  given: string;
  /** Throws where nothing is to be placed there, asked when the very file does not lie there already. */
  requirePlace?: () => void;
}

/** A file that was downloaded. */
export interface Download {
  name: string;
  /** The path of the new file. */
  target: string;
  sizeBytes: number;
  sha256: string;
  state: BackupState;
  /** Its bytes are not those of its manifest. */
  altered: boolean;
  /** It was there already, to the byte: nothing was fetched. */
  unchanged: boolean;
}

/** A download that was only looked at. */
export type DownloadPlan = Pick<Download, 'name' | 'target' | 'sizeBytes' | 'state' | 'unchanged'>;

/** Looks where `entry` would go: `given`, which must not exist or be a directory. Throws what the download would. */
export async function planDownload(
  context: JobContext,
  store: Store,
  order: DownloadOrder,
): Promise<DownloadPlan> {
  const { name, sizeBytes, state } = order.entry;
  const there = await sameFile(context, store, order);
  if (there !== undefined) return { name, target: there.path, sizeBytes, state, unchanged: true };
  using target = await freePlace(order);
  return { name, target: memberPath(target), sizeBytes, state, unchanged: false };
}

/** Downloads `entry`. */
export async function downloadEntry(
  context: JobContext,
  store: Store,
  order: DownloadOrder,
): Promise<Outcome<Download>> {
  const { app, entry, entries } = order;
  const { name, state } = entry;
  const there = await sameFile(context, store, order);
  if (there !== undefined) {
    const { path: target, sha256 } = there;
    const same = { name, target, sizeBytes: entry.sizeBytes, sha256, state, altered: false, unchanged: true };
    return { result: same, findings: [] };
  }
  using target = await freePlace(order);
  const path = memberPath(target);
  await using note = await context.noteElsewhere({ scratchIn: target.directory.path });
  void note;
  await using scratch = await context.scratch(target.directory.path);
  const staging = stagingIn(scratch.directory);
  const file = await arrived(context, store, order, staging.database);
  const { sizeBytes, sha256 } = file;
  const altered = isAltered(entry, file);
  if (altered) {
    const problem = `its bytes were altered: SHA-256 is ${sha256}`;
    await condemn(context, app, entry, { foundBy: order.command, problems: [problem] });
  }
  await placeCopy(context, app, staging, target, altered ? undefined : manifestOfBytes(file, entries));
  context.noteLeft(`${path} is complete`);
  const message = `the bytes of ${path} are not those of the manifest of ${name}: do not trust this file`;
  return {
    result: { name, target: path, sizeBytes, sha256, state, altered, unchanged: false },
    findings: altered ? [{ subject: name, severity: 'critical', message }] : [],
  };
}

function isAltered({ manifest }: CatalogueEntry, { sha256 }: HashedFile): boolean {
  return manifest !== undefined && manifest.sha256 !== sha256;
}

/** Fetches it, once more where it may be the way here that is bad, and not the backup: then it is known as bad. */
async function arrived(
  context: JobContext,
  store: Store,
  { app, entry, command: foundBy }: DownloadOrder,
  target: string,
): Promise<HashedFile> {
  const repository = await context.openRepository(app);
  const get = () =>
    isPiece(entry)
      ? store.get(entry.name, target, { signal: context.signal }) // there is no database in it: it goes as it is
      : repository.fetch(entry, target);
  for (let tries = store.isRemote ? 2 : 1; ; tries -= 1) {
    try {
      const file = await get();
      if (tries === 1 || !isAltered(entry, file)) return file;
    } catch (error) {
      if (!(error instanceof BadBackup)) throw error;
      const found = { foundBy, problems: [error.message], brokenBy: error.backup };
      if (tries === 1) await condemn(context, app, entry, found);
      if (tries === 1) throw error;
    }
    await rm(target, { force: true });
  }
}

/** The very file, where it lies there already. */
async function sameFile(context: JobContext, store: Store, { app, entry, given }: DownloadOrder) {
  const repository = await context.openRepository(app);
  return identicalFile(context, given, { store, repository, entry, fileName: fileNameOf(entry) });
}

/** What it is called in a directory: a database by the name that one has, whatever it lay in. */
function fileNameOf(entry: CatalogueEntry): string {
  return basename(isPiece(entry) ? entry.name : databaseFileName(entry.name));
}

/** What a person reads of a download. */
export function downloadText({ name, target, sizeBytes, state, altered, unchanged }: Download): string[] {
  if (unchanged) return [`${target} is ${name} already, to the byte: nothing to do`];
  return [
    `downloaded ${name} (${formatBytes(sizeBytes)}, ${state}) to ${target}`,
    ...(altered ? ['its bytes are NOT those of its manifest: do not trust this file'] : []),
  ];
}

export function downloadPlanText({ name, target, sizeBytes, unchanged }: DownloadPlan): string[] {
  if (unchanged) return [`${target} is ${name} already, to the byte: nothing to do`];
  return [`would download ${name} (${formatBytes(sizeBytes)}) to ${target}`];
}

/** As with cp: an existing directory takes the file under its own name. Anything else that exists is refused. */
async function freePlace({ app, entry, given, requirePlace }: DownloadOrder): Promise<SetPlace & Disposable> {
  requirePlace?.();
  if (given === '' || given.includes('\0'))
    throw new OpsError('usage', 'cannot download to a path that is no path');
  const { name, sizeBytes } = entry;
  const path = resolve(given);
  try {
    const target =
      (await ifPathThere(stat(path)))?.isDirectory() === true ? join(path, fileNameOf(entry)) : path;
    const directory = await locateDirectory(dirname(target));
    const place = { directory, name: basename(target), [Symbol.dispose]: () => directory[Symbol.dispose]() };
    try {
      const isOwn = await isPlaceOf(app, place);
      await inKnownPaths(() =>
        requireFree(place, {
          taken: 'name a file that does not exist; nothing is overwritten',
          sideFile: isOwn
            ? `restore run ${shellWord(name)} --app ${app.name} keeps it in an undo set`
            : undefined,
        }),
      );
      const purpose = `download ${name}`;
      await requireSpace({ directory: directory.path, neededBytes: sizeBytes, purpose });
      return place;
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    throw systemError(`download to ${path}`, error);
  }
}

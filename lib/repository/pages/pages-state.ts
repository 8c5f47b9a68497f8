// The state directory of one app's backups in pages: what is known of its series, the full that is kept, digests of what can be
// built on, and the spool. Everything in it can be lost: then the next backup is a full.
import { constants } from 'node:fs';
import { copyFile, lstat, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SeriesState } from '../../backup/series.ts';
import { errorCode, systemError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { giveToOwnerOf } from '../../files/belong.ts';
import { copyFileDurably } from '../../files/copy-file.ts';
import type { FileDigest } from '../../files/digest.ts';
import { sweepTemporaries, writeFileAtomically } from '../../files/durable.ts';
import { ifPathThere, ifThere } from '../../files/if-there.ts';
import { inKnownPaths } from '../../files/held-directory.ts';
import { locateDirectory } from '../../files/locate-file.ts';
import { createDirectories } from '../../files/make-directories.ts';
import { publishFile, removeQuietly } from '../../files/publish-file.ts';
import { readRecord } from '../../files/read-small-file.ts';
import { removeIn } from '../../files/remove-in.ts';
import { inStateDirectory } from '../../files/state-directory.ts';
import { ifWhole } from '../../record/fields.ts';
import { type KeptDigests, readDigests, writeDigests } from './page-digests.ts';
import { formatSeries, parseSeries } from './series-record.ts';
import { formatSpooled, parseSpooled, type Spooled, spooledBytesMax } from './spooled.ts';

/**
 * Each method is done as a whole, and on the device, when it returns; again is fine. Throws OpsError where the state directory
 * cannot be used. Whoever calls one that changes something holds the app's lock.
 */
export interface PagesState {
  readonly directory: string;
  /** The full as it was when it was made. It may be lost, or another: who uses it compares it with its digests. */
  readonly fullPath: string;
  hasFull(): Promise<boolean>;
  /** Undefined where nothing is known, also where it cannot be read: then it is lost, and no reason to fail. */
  readSeries(): Promise<SeriesState | undefined>;
  writeSeries(series: SeriesState): Promise<void>;
  readDigests(backup: string): Promise<KeptDigests | undefined>;
  /** Makes an empty spool, in the place of one that was not completed, and returns its path. */
  makeSpool(backup: string): Promise<string>;
  /** Where an object lies, counted from 1, as it will be put. */
  spooledPath(backup: string, part: number): string;
  spoolDigests(kept: KeptDigests): Promise<void>;
  /** Copies the database of a full into its spool. */
  spoolFull(backup: string, file: FileDigest, signal: AbortSignal): Promise<void>;
  completeSpool(spooled: Spooled): Promise<void>;
  /** Those that are complete, in order of their names; what else killed runs left is removed, for nothing of it was ever put. */
  readSpools(): Promise<Spooled[]>;
  /** The same for who does not hold the lock: nothing is removed. */
  lookAtSpools(): Promise<Spooled[]>;
  /** Moves digests, or the copy of a full, from the spool to where they are looked for. */
  adoptDigests(backup: string): Promise<void>;
  adoptFull(backup: string): Promise<void>;
  dropSpool(backup: string): Promise<void>;
  dropFull(): Promise<void>;
  /** Removes the digests of all others. */
  keepDigests(backups: readonly string[]): Promise<void>;
}

const recordName = 'spool.json';
const seriesBytesMax = 64 * 1024;

export function pagesState(stateDirectory: string, app: string, log: Log): PagesState {
  const directory = join(stateDirectory, 'pages', app);
  const fullPath = join(directory, 'full.db');
  const seriesPath = join(directory, 'series.json');
  const digestsOf = (backup: string) => join(directory, 'digests', basename(backup));
  const spoolOf = (backup: string) => join(directory, 'spool', basename(backup));
  const inState = <T>(work: () => Promise<T>) => inStateDirectory(`use ${directory}`, work);
  const namesIn = (path: string) =>
    inState(async () => {
      using held = await ifPathThere(locateDirectory(path));
      return ((await held?.names()) ?? []).sort();
    });
  const remove = (path: string) =>
    inState(async () => {
      using above = await ifPathThere(locateDirectory(dirname(path)));
      if (above === undefined) return;
      await removeIn(above, basename(path));
      await above.sync();
    });
  const readOne = async (name: string): Promise<Spooled | undefined> => {
    const text = await inState(() => readRecord(join(directory, 'spool', name, recordName), spooledBytesMax));
    if (text === undefined) return undefined;
    const spooled = ifWhole((flaw) => parseSpooled(text, flaw));
    return spooled !== undefined && basename(spooled.manifest.backup) === name ? spooled : undefined;
  };
  return {
    directory,
    fullPath,
    hasFull: () => inState(async () => (await ifPathThere(lstat(fullPath)))?.isFile() === true),
    async readSeries() {
      const text = await inState(() => readRecord(seriesPath, seriesBytesMax));
      if (text === undefined) return undefined;
      const series = ifWhole((flaw) => parseSeries(text, flaw));
      if (series === undefined) log.warn('what was known of the series cannot be read', { path: seriesPath });
      return series;
    },
    writeSeries: (series) =>
      inState(async () => {
        await createDirectories(directory, 0o700);
        await writeFileAtomically(seriesPath, formatSeries(series), { mode: 0o640, toOwner: true });
      }),
    readDigests: (backup) => readDigests(digestsOf(backup)),
    async makeSpool(backup) {
      await remove(spoolOf(backup));
      await inState(() => createDirectories(spoolOf(backup), 0o700));
      return spoolOf(backup);
    },
    spooledPath: (backup, part) => join(spoolOf(backup), objectFileName(backup, part)),
    spoolDigests: (kept) => inState(() => writeDigests(join(spoolOf(kept.backup.name), 'digests'), kept)),
    spoolFull: (backup, file, signal) =>
      inState(() => copyDatabase(file, join(spoolOf(backup), 'full.db'), signal)),
    completeSpool: (spooled) =>
      inState(() =>
        writeFileAtomically(join(spoolOf(spooled.manifest.backup), recordName), formatSpooled(spooled), {
          mode: 0o640,
          toOwner: true,
        }),
      ),
    async readSpools() {
      await sweepTemporaries(directory, undefined);
      const complete: Spooled[] = [];
      for (const name of await namesIn(join(directory, 'spool'))) {
        const spooled = await readOne(name);
        if (spooled === undefined) await remove(join(directory, 'spool', name));
        else complete.push(spooled);
      }
      return complete;
    },
    async lookAtSpools() {
      const found = await Promise.all((await namesIn(join(directory, 'spool'))).map(readOne));
      return found.filter((spooled) => spooled !== undefined);
    },
    adoptDigests: (backup) =>
      inState(async () => {
        await createDirectories(join(directory, 'digests'), 0o700);
        await move(join(spoolOf(backup), 'digests'), digestsOf(backup));
      }),
    adoptFull: (backup) => inState(() => move(join(spoolOf(backup), 'full.db'), fullPath)),
    async dropSpool(backup) {
      // The record first: what is left without it is swept, and never finished.
      await remove(join(spoolOf(backup), recordName));
      await remove(spoolOf(backup));
    },
    dropFull: () => remove(fullPath),
    async keepDigests(backups) {
      const kept = new Set(backups.map((backup) => basename(backup)));
      for (const name of await namesIn(join(directory, 'digests')))
        if (!kept.has(name)) await remove(join(directory, 'digests', name));
    },
  };
}

/** The objects are made as `part-1.pages`; what was sealed of them is called otherwise. */
function objectFileName(backup: string, part: number): string {
  return `part-${part}.pages${backup.endsWith('.age') ? '.age' : ''}`;
}

/** Where it is no longer, a run that was killed has moved it. */
async function move(from: string, to: string): Promise<void> {
  using source = await ifPathThere(locateDirectory(dirname(from)));
  using target = await locateDirectory(dirname(to));
  if (source === undefined || (await ifThere(lstat(source.at(basename(from))))) === undefined) return;
  const [old, name] = [source.at(basename(from)), target.at(basename(to))];
  await inKnownPaths(() => publishFile(old, name, { replace: true }));
  await source.sync();
}

/** Shares the blocks where the file system can: whatever becomes of them is told by the digests of the pages. */
async function copyDatabase(file: FileDigest, to: string, signal: AbortSignal): Promise<void> {
  using directory = await locateDirectory(dirname(to));
  const target = directory.at(basename(to));
  const isShared = await copyFile(
    file.path,
    target,
    constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE,
  ).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === undefined) throw error;
      return false;
    },
  );
  if (!isShared) {
    await removeQuietly(target);
    await inKnownPaths(() => copyFileDurably(file.path, target, { expected: file, signal }));
  }
  try {
    await using copy = await open(target, constants.O_RDWR | constants.O_NOFOLLOW);
    await copy.chmod(0o600);
    await giveToOwnerOf(directory, copy);
    await copy.sync();
    await directory.sync();
  } catch (error) {
    throw systemError(`write ${to}`, error);
  }
}

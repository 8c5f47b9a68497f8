// The marker of a store in a directory: a disk that is not mounted is noticed instead of being taken for an empty store.
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { errorCode, OpsError, systemError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { shellWord } from '../../base/shell-word.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { createDirectories } from '../../files/make-directories.ts';
import { ifPathThere } from '../../files/if-there.ts';
import { requireWay } from '../../files/locate-file.ts';
import { readRecord } from '../../files/read-small-file.ts';
import {
  formatStoreMark,
  markerBytesMax,
  markerName,
  newStoreId,
  parseStoreMark,
  type StoreMark,
} from '../mark.ts';

export interface RootOptions {
  path: string;
  create: boolean;
  clock: Clock;
  log: Log;
}

/**
 * Makes sure that a store is at `path`, and returns its mark. With `create`, a directory that is missing or has no marker
 * becomes one; without it both are OpsError `unavailable`, and nothing is written.
 */
export async function openRoot({ path, create, clock, log }: RootOptions): Promise<StoreMark> {
  if (create) return makeStoreMark({ path, clock, log });
  const mark = await readStoreMark(path);
  if (mark !== undefined) return mark;
  throw (await rootProblem(path)) ?? noMarker(path);
}

/** Makes the directory at `path` a store, with the directories to it, or gives an id to one that has none. */
export async function makeStoreMark({ path, clock, log }: Omit<RootOptions, 'create'>): Promise<StoreMark> {
  await createRoot(path);
  const before = await readStoreMark(path);
  if (before?.id !== undefined) return before;
  const id = newStoreId();
  const marker = formatStoreMark(id, clock.now());
  await writeFileAtomically(join(path, markerName), marker, { mode: 0o640, toOwner: true });
  if (before === undefined) log.info('made the directory a store', { path });
  return { id };
}

/**
 * The mark of the store at `path`; undefined where none is. Throws OpsError `damaged` or `unavailable` for one that is not known,
 * and `unavailable` where the file system does not answer: whoever opens a store asks this first.
 */
export async function readStoreMark(path: string): Promise<StoreMark | undefined> {
  await requireWay(path);
  const text = await readMarker(path);
  if (text === undefined) return undefined;
  const file = join(path, markerName);
  const hint = `look at it; to write a new one: mv ${shellWord(file)} ${shellWord(`${file}.old`)} && db-backup init`;
  return parseStoreMark(text, { called: `the store directory ${path}`, hint });
}

/** Throws OpsError `unavailable` when the store at `path` is not there any more: before every operation. */
export async function requireStoreMarker(path: string): Promise<void> {
  if (await hasMarker(path)) return;
  throw (await rootProblem(path)) ?? noMarker(path);
}

async function hasMarker(path: string): Promise<boolean> {
  try {
    return (await ifPathThere(lstat(join(path, markerName)))) !== undefined;
  } catch (error) {
    throw systemError(`use the store directory ${path}`, error, hintFor(error, path));
  }
}

async function createRoot(path: string): Promise<void> {
  const link = await lstat(path).catch(() => undefined);
  // The disk behind a symbolic link is not mounted: creating the directory there would hide that.
  if (link?.isSymbolicLink() === true) {
    const problem = await rootProblem(path);
    if (problem !== undefined) throw problem;
  }
  await createDirectories(path, 0o750);
}

async function readMarker(path: string): Promise<string | undefined> {
  try {
    return await readRecord(join(path, markerName), markerBytesMax);
  } catch (error) {
    throw systemError(`use the store directory ${path}`, error, hintFor(error, path));
  }
}

async function rootProblem(path: string): Promise<OpsError | undefined> {
  try {
    if ((await ifPathThere(stat(path)))?.isDirectory() === true) return undefined;
  } catch (error) {
    throw systemError(`use the store directory ${path}`, error, hintFor(error, path));
  }
  return new OpsError('unavailable', `cannot use the store directory ${path}: it is not there`, {
    hint: 'is the disk mounted? findmnt lists what is',
  });
}

function noMarker(path: string): OpsError {
  return new OpsError('unavailable', `cannot use the store directory ${path}: it holds no ${markerName}`, {
    hint: 'is the disk mounted? findmnt lists what is; to make this directory a store: db-backup init',
  });
}

function hintFor(error: unknown, path: string): { hint?: string } {
  if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return {};
  return { hint: `run it with sudo, or as a user who may read the store: ls -ld ${shellWord(path)}` };
}

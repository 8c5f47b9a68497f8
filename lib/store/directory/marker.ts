// The marker that makes a directory a store. An empty mount point has none, so a disk that is not mounted is noticed
// instead of being taken for an empty store.
import { randomBytes } from 'node:crypto';
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { errorCode, OpsError, systemError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { shellWord } from '../../base/shell-word.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { createDirectories } from '../../files/make-directories.ts';
import { ifPathThere } from '../../files/if-there.ts';
import { readRecord } from '../../files/read-small-file.ts';
import { parseJsonObject } from '../../record/json-object.ts';
import { formatJsonRecord, type RecordFormat } from '../../record/json-record.ts';

/** `.holdfast-store` in the root: `{"format": "holdfast-store", "version": 2, "id": …, "created_at": …}`. */
export const markerName = '.holdfast-store';
const markerBytesMax = 64 * 1024;
const format: RecordFormat = { name: 'holdfast-store', version: 2 };

/** What a marker says of its store. */
export interface StoreMark {
  /** 32 hex digits, by which this store is told from every other; version 1 had none. */
  id: string | undefined;
}

export interface RootOptions {
  path: string;
  create: boolean;
  clock: Clock;
  log: Log;
}

/**
 * Makes sure that a store is at `path`. With `create`, a directory that is missing or has no marker becomes one;
 * without it both are OpsError `unavailable`, and nothing is written.
 */
export async function openRoot({ path, create, clock, log }: RootOptions): Promise<void> {
  if (create) await createRoot(path);
  if ((await readStoreMark(path)) !== undefined) return;
  if (!create) throw (await rootProblem(path)) ?? noMarker(path);
  await writeMark(path, newStoreId(), clock.now());
  log.info('made the directory a store', { path });
}

/** The mark of the store at `path`; undefined where none is. Throws OpsError `damaged` or `unavailable` for one that is not known. */
export async function readStoreMark(path: string): Promise<StoreMark | undefined> {
  const text = await readMarker(path);
  return text === undefined ? undefined : requireKnownMarker(path, text);
}

/** Gives an id to the store at `path`, whose marker has none, and returns it. */
export async function giveStoreId(path: string, clock: Clock): Promise<string> {
  const id = newStoreId();
  await writeMark(path, id, clock.now());
  return id;
}

function newStoreId(): string {
  return randomBytes(16).toString('hex');
}

async function writeMark(path: string, id: string, now: Date): Promise<void> {
  const marker = formatJsonRecord(format, { id, created_at: now.toISOString() });
  await writeFileAtomically(join(path, markerName), marker, { mode: 0o640, toOwner: true });
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

function requireKnownMarker(path: string, text: string): StoreMark {
  const marker = parseJsonObject(text);
  const file = join(path, markerName);
  const version = marker?.['version'];
  if (marker?.['format'] !== format.name || typeof version !== 'number') {
    throw new OpsError(
      'damaged',
      `cannot use the store directory ${path}: its ${markerName} is not readable`,
      {
        hint: `look at it; to write a new one: mv ${shellWord(file)} ${shellWord(`${file}.old`)} && db-backup init`,
      },
    );
  }
  if (version > format.version) {
    throw new OpsError(
      'unavailable',
      `cannot use the store directory ${path}: its format is version ${version}, ` +
        `this Holdfast knows version ${format.version}`,
      { hint: 'use the Holdfast that made it, or a newer one' },
    );
  }
  const id = marker['id'];
  return { id: typeof id === 'string' && /^[0-9a-f]{32}$/.test(id) ? id : undefined };
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

// Opens the configured store; remembers of a directory which store it was, so that a vanished one and another one are
// noticed.
import { lstat, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dataEnding } from '../backup/catalogue.ts';
import type { Clock } from '../base/clock.ts';
import { errorCode, OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config, DirectoryStoreConfig, DropboxStoreConfig } from '../config/config.ts';
import { ownDirectory } from '../config/sections/store-directory.ts';
import { ifPathThere } from '../files/if-there.ts';
import { createDirectories } from '../files/make-directories.ts';
import { isScratchName } from '../files/scratch-owner.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { cachedReads } from '../store/cached-reads.ts';
import { giveStoreId, readStoreMark, type StoreMark } from '../store/directory/marker.ts';
import { openDirectoryStore } from '../store/directory/open.ts';
import { noStoreYet } from '../store/no-store.ts';
import type { Store } from '../store/store.ts';
import { type KnownStore, knownStore, otherStores, rememberStore } from './known-store.ts';

/**
 * For what a store is opened: only to `look`; to `store` something, which makes a store where nobody was before; to `try` that
 * without doing it; to make one or take another one in its place, `init`, or to try that.
 */
export type StorePurpose = 'look' | 'store' | 'try' | 'init' | 'try-init';

/** What opening a store needs of the process. */
export interface StoreSurroundings {
  purpose: StorePurpose;
  /** Whether this run may leave anything on the machine that is not what it was asked for. */
  leavesTraces: boolean;
  clock: Clock;
  log: Log;
  /** Aborts when the process is told to stop. */
  signal: AbortSignal;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The store the configuration names. */
export async function openStore(config: Config, around: StoreSurroundings): Promise<Store> {
  const { store, stateDirectory } = config;
  if (store.kind === 'directory') return openDirectory(store, stateDirectory, around);
  return cachedReads(await openDropbox(store, stateDirectory, around), join(stateDirectory, 'cache'), {
    mayKeep: around.leavesTraces,
  });
}

/** Loaded only where it is used: the package is large. */
async function openDropbox(
  store: DropboxStoreConfig,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<Store> {
  const { openDropboxStore } = await import('../store/dropbox/open.ts');
  const credentials = store.readCredentials();
  if (credentials.refreshToken === undefined && credentials.accessToken !== undefined) {
    around.log.warn(
      'DROPBOX_ACCESS_TOKEN works for four hours only; link this machine for good: db-backup link',
    );
  }
  return openDropboxStore({
    ...store,
    ...around,
    credentials,
    notesDirectory: join(stateDirectory, 'uploads'),
  });
}

/**
 * A directory that was a store before and is empty or gone now is a disk that is not mounted, and another store in its place
 * another disk: both are told, and nothing is written. Only what may make a store makes one, where nobody was before.
 */
async function openDirectory(
  { path: configured }: DirectoryStoreConfig,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<Store> {
  const { clock, log, purpose } = around;
  const path = resolve(configured);
  const known = await knownStore(stateDirectory, path);
  const mark = await readStoreMark(path);
  if (mark === undefined && known === undefined && (await isFree(path))) {
    if (purpose === 'try') await requireFirst(path, stateDirectory);
    if (purpose === 'try' || purpose === 'try-init') return noStoreYet(path);
    if (purpose === 'look') {
      if (!(await holdsCopies(path))) throw nobodyWas(path);
      log.warn('the directory has copies and no marker of a store: it is only looked into', { path });
      return openDirectoryStore({ path, unmarked: true, clock, log });
    }
    await makeStore(path, stateDirectory, around);
    return openDirectoryStore({ path, clock, log });
  }
  const mayTakeAnother = purpose === 'init' || purpose === 'try-init';
  if (mark !== undefined && known?.id !== undefined && mark.id !== known.id && !mayTakeAnother)
    throw anotherStore(path, known.id, mark);
  if (mark === undefined && purpose === 'init') await makeStore(path, stateDirectory, around);
  else if (purpose === 'store' || purpose === 'init')
    await keepIdentity(path, mark, known, stateDirectory, around);
  return openDirectoryStore({ path, clock, log });
}

/** Nothing is there, or a directory; what is something else is told as such by whoever opens it. */
async function isFree(path: string): Promise<boolean> {
  const found = await ifPathThere(lstat(path));
  return found === undefined || (await ifPathThere(stat(path)))?.isDirectory() === true;
}

/** Whether somebody has put backups there, or copies of databases, in a way of which we know. */
async function holdsCopies(path: string): Promise<boolean> {
  const names = (await ifPathThere(readdir(path))) ?? [];
  return names.some((name) => name === 'backups' || name === 'latest' || dataEnding.test(name));
}

async function makeStore(path: string, stateDirectory: string, around: StoreSurroundings): Promise<void> {
  const { clock, log, purpose } = around;
  const isOwn = path === ownDirectory(stateDirectory).path;
  if (purpose !== 'init') await requireFirst(path, stateDirectory);
  if (isOwn) await makeOwn(stateDirectory);
  await openDirectoryStore({ path, create: true, clock, log });
  const made = await readStoreMark(path);
  await rememberStore(stateDirectory, { path, id: made?.id }, around);
}

/** A store of before ids gets one; what is remembered is what is there. */
async function keepIdentity(
  path: string,
  mark: StoreMark | undefined,
  known: KnownStore | undefined,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<void> {
  if (mark === undefined) return; // told by whoever opens it
  const id = mark.id ?? (await giveStoreId(path, around.clock).catch(() => undefined)); // read-only: the next time
  if (known === undefined || known.id !== id) await rememberStore(stateDirectory, { path, id }, around);
}

/**
 * A backup makes a store by itself where nobody was before: in a directory that is empty, or missing below one that is
 * there. What has other files in it is somebody's, and a state directory that knows another store had its backups there.
 */
async function requireFirst(path: string, stateDirectory: string): Promise<void> {
  const others = await otherStores(stateDirectory, path);
  if (others.length > 0)
    throw new OpsError(
      'unavailable',
      `cannot use the store directory ${path}: no store is there, and the backups went to ${others.join(', ')} until now`,
      {
        hint: 'is the path right, and its disk mounted? findmnt lists what is; to begin anew there: db-backup init',
      },
    );
  const names = await ifPathThere(readdir(path).catch(whatIsNoDirectory));
  const foreign = (names ?? []).filter((name) => name !== 'lost+found' && !isScratchName(name));
  if (foreign.length === 0) return;
  throw new OpsError(
    'unavailable',
    `cannot use the store directory ${path}: it is no store yet, and holds other files, such as ${foreign.sort()[0]}`,
    {
      hint: 'is it the right one? to make it a store all the same: db-backup init',
    },
  );
}

/** That is told by whoever opens it. */
function whatIsNoDirectory(error: unknown): string[] {
  if (errorCode(error) === 'ENOTDIR') return [];
  throw error;
}

function nobodyWas(path: string): OpsError {
  return new OpsError('unavailable', `cannot use the store directory ${path}: no store is there yet`, {
    hint: 'is the path right, and its disk mounted? findmnt lists what is; the first backup makes a store: db-backup run',
  });
}

function anotherStore(path: string, expected: string, { id }: StoreMark): OpsError {
  return new OpsError(
    'unavailable',
    `cannot use the store directory ${path}: another store is there (${id ?? 'of an older version'}) than was used until now (${expected})`,
    { hint: 'is the right disk mounted? findmnt lists what is; to go on with this one: db-backup init' },
  );
}

async function makeOwn(stateDirectory: string): Promise<void> {
  await inStateDirectory(`create the state directory ${stateDirectory}`, () =>
    createDirectories(stateDirectory),
  );
}

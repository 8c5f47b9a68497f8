// Opens the configured store; remembers of a directory that it was seen, so that a vanished one is noticed.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config, DirectoryStoreConfig, DropboxStoreConfig } from '../config/config.ts';
import { ownDirectory } from '../config/sections/store-directory.ts';
import { writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { inStateDirectory } from '../files/state-directory.ts';
import { cachedReads } from '../store/cached-reads.ts';
import { openDirectoryStore } from '../store/directory/open.ts';
import type { Store } from '../store/store.ts';

/** What opening a store needs of the process. */
export interface StoreSurroundings {
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
  return cachedReads(await openDropbox(store, stateDirectory, around), join(stateDirectory, 'cache'));
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
 * A directory that was a store before and is empty or gone now is a disk that is not mounted: it is not made anew,
 * for that would put the copies on the wrong disk. The memory is a small file in the state directory.
 */
async function openDirectory(
  { path }: DirectoryStoreConfig,
  stateDirectory: string,
  { clock, log }: StoreSurroundings,
): Promise<Store> {
  const seen = join(
    stateDirectory,
    'stores',
    `${createHash('sha256').update(path).digest('hex').slice(0, 16)}.json`,
  );
  const first = !existsSync(seen);
  if (first && path === ownDirectory(stateDirectory).path) await makeOwn(stateDirectory);
  const store = await openDirectoryStore({ path, create: first, clock, log });
  if (first) await remember(seen, path, clock, log);
  return store;
}

async function makeOwn(stateDirectory: string): Promise<void> {
  await inStateDirectory(`create the state directory ${stateDirectory}`, () =>
    createDirectories(stateDirectory),
  );
}

async function remember(seen: string, path: string, clock: Clock, log: Log): Promise<void> {
  try {
    await createDirectories(dirname(seen));
    const text = `${JSON.stringify({ path, first_seen: clock.now().toISOString() })}\n`;
    await writeFileAtomically(seen, text, { toOwner: true });
  } catch (error) {
    log.warn('the store could not be remembered; a vanished disk would go unnoticed', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

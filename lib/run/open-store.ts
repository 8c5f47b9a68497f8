// Opens the configured store, where it is the one that is meant.
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config, DropboxStoreConfig } from '../config/config.ts';
import { cachedReads } from '../store/cached-reads.ts';
import type { DropboxStore } from '../store/dropbox/open.ts';
import type { Store, StoreTrial } from '../store/store.ts';
import { directoryPlace, holdsCopies } from './directory-place.ts';
import { openIdentified, type StorePlace } from './store-identity.ts';

/**
 * For what a store is opened: only to `look`; the same at a `glance`, which rather goes without an answer than waits for one;
 * to `store` something, which makes a store where nobody was before; to `try` that without doing it; to make one or take
 * another one in its place, `init`, or to try that.
 */
export type StorePurpose = 'look' | 'glance' | 'store' | 'try' | 'init' | 'try-init';

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

/** The store that the configuration names. */
export interface ConfiguredStore {
  /** Throws OpsError `unavailable` where another one is there, or none. */
  open(): Promise<Store>;
  /** What can be looked at of it, also where it is not the one that is meant. */
  examine(): Promise<StoreTrial[]>;
}

/** Nothing is opened yet, nor asked. */
export function configuredStore(config: Config, around: StoreSurroundings): ConfiguredStore {
  const { store, stateDirectory, source } = config;
  const expectation = { stateDirectory, pinned: store.id, source };
  if (store.kind === 'directory') {
    const open = () => openIdentified(directoryPlace(store.path, config, around), expectation, around);
    return { open, examine: () => Promise.resolve([]) };
  }
  // One for both, so that they have one deadline.
  let dropbox: Promise<DropboxStore> | undefined;
  const connect = () => (dropbox ??= openDropbox(store, stateDirectory, around));
  return {
    async open() {
      const identified = await openIdentified(dropboxPlace(await connect()), expectation, around);
      return cachedReads(identified, join(stateDirectory, 'cache'), { mayKeep: around.leavesTraces });
    },
    async examine() {
      const found = await connect().catch(() => undefined); // that there is none is told by who opens it
      return found === undefined ? [] : found.examine();
    },
  };
}

/** A person who asks for a glance has something else to look at when Dropbox does not answer. */
function atAGlance({ timeoutMs, deadlineMs }: DropboxStoreConfig) {
  return {
    timeoutMs: Math.min(timeoutMs, 10_000),
    deadlineMs: Math.min(deadlineMs, 60_000),
    retriesMax: 0,
  };
}

/** Loaded only where it is used: the package is large. */
async function openDropbox(
  store: DropboxStoreConfig,
  stateDirectory: string,
  around: StoreSurroundings,
): Promise<DropboxStore> {
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
    ...(around.purpose === 'glance' ? atAGlance(store) : {}),
    credentials,
    notesDirectory: join(stateDirectory, 'uploads'),
  });
}

/** A folder in Dropbox is the app's own, so that files of others do not make it a stranger's. */
function dropboxPlace(dropbox: DropboxStore): StorePlace {
  const { description } = dropbox;
  const question = 'is it the right account and folder? db-backup test names the account';
  return {
    called: description,
    path: description,
    question,
    readMark: (expected) => dropbox.readMark(expected),
    look: async () => ({
      isFree: true,
      hasCopies: holdsCopies(await dropbox.namesAtTop()),
      foreign: undefined,
    }),
    makeMark: () => dropbox.makeMark(),
    async open(mark) {
      if (mark !== undefined) return { ...dropbox, id: mark.id };
      throw new OpsError(
        'unavailable',
        `cannot use ${description}: it holds no .holdfast-store, and was a store until now`,
        { hint: `${question}; to go on with what is there: db-backup init` },
      );
    },
    openUnmarked: () => dropbox,
  };
}

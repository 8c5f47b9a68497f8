// A store in a directory: another disk, a mounted share, or the embedded default. An object is a plain file under its
// own name, so that a person can take it without Holdfast. Unfinished bytes lie in a scratch directory in the root.
import { isAbsolute, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { fileSystemSpace } from '../../files/space.ts';
import { explainFailure } from './failure.ts';
import { getObject, readObject } from './get.ts';
import { openRoot, requireStoreMarker } from './marker.ts';
import { findObject, listObjects, requireObjectName } from './objects.ts';
import { removeObject } from './publish.ts';
import { copyObject, putObject } from './put.ts';
import type { DirectoryAccess } from './put.ts';
import { quoteName } from '../name.ts';
import type { Store } from '../store.ts';

export interface DirectoryStoreOptions {
  /** The root, an absolute path. It may be a symbolic link; inside the root links are not followed. */
  path: string;
  /** Whether a directory that is missing, or that is not marked as a store, is to become one. */
  create?: boolean;
  clock: Clock;
  log: Log;
}

/**
 * Opens the store at `path`. Without `create` a missing directory, and one that lacks the marker of a store, are
 * OpsError `unavailable`: most likely the disk is not mounted. Nothing is written into either.
 */
export async function openDirectoryStore(options: DirectoryStoreOptions): Promise<Store> {
  const { create = false, clock, log } = options;
  if (!isAbsolute(options.path)) {
    throw new OpsError(
      'config',
      `cannot use the store directory ${options.path}: it is not an absolute path`,
      {
        hint: 'give the whole path, for example /srv/backups',
      },
    );
  }
  const root = resolve(options.path);
  await openRoot({ path: root, create, clock, log });
  return directoryStore({ root, clock, log });
}

function directoryStore(access: DirectoryAccess): Store {
  const { root } = access;
  const description = `directory ${root}`;
  const act = (doing: string, name?: string) =>
    name === undefined ? `${doing} the ${description}` : `${doing} ${quoteName(name)} in the ${description}`;
  return {
    description,
    stagingDirectory: root,
    isRemote: false,
    async put(name, file, options = {}) {
      const object = requireObjectName(name);
      return onStore(root, act('store', object), () => putObject(access, object, file, options));
    },
    async get(name, target, options = {}) {
      const object = requireObjectName(name);
      return onStore(root, act('get', object), () => getObject(access, object, target, options));
    },
    async read(name) {
      const object = requireObjectName(name);
      return onStore(root, act('read', object), () => readObject(access, object));
    },
    async list(prefix) {
      return onStore(root, act('list'), () => listObjects(root, prefix.replace(/^\/+/, '')));
    },
    async stat(name) {
      const object = requireObjectName(name);
      const found = await onStore(root, act('look for', object), () => findObject(root, object));
      return found.is === 'object' ? found.stored : undefined;
    },
    async copy(from, to, options = {}) {
      const [source, object] = [requireObjectName(from), requireObjectName(to)];
      return onStore(root, act('create', object), () => copyObject(access, source, object, options));
    },
    async remove(name) {
      const object = requireObjectName(name);
      await onStore(root, act('remove', object), async () => {
        if ((await findObject(root, object)).is === 'object') await removeObject(root, object);
      });
    },
    async space() {
      return onStore(root, act('read the free space of'), () => fileSystemSpace(root));
    },
    examine: () => Promise.resolve([]),
    traffic: () => undefined,
  };
}

/**
 * Runs one operation while the store is there, before and after: an unmounted disk must not look like a store
 * without backups.
 */
async function onStore<T>(root: string, act: string, operation: () => Promise<T>): Promise<T> {
  try {
    await requireStoreMarker(root);
    const result = await operation();
    await requireStoreMarker(root);
    return result;
  } catch (error) {
    throw await explainFailure(root, act, error);
  }
}

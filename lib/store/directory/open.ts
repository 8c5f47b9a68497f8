// A store in a directory: another disk, a mounted share, or the embedded default. An object is a plain file under its
// own name, so that a person can take it without Holdfast. Unfinished bytes lie in a scratch directory in the root.
import { isAbsolute, resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { OpsError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { isOursAlone } from '../../files/borrowed.ts';
import { type HeldDirectory, inKnownPaths } from '../../files/held-directory.ts';
import { locateDirectory } from '../../files/locate-file.ts';
import { fileSystemSpace } from '../../files/space.ts';
import { explainFailure } from './failure.ts';
import { getObject, openInPlace, readObject } from './get.ts';
import { openRoot, requireStoreMarker } from './marker.ts';
import { findObject, listObjects } from './objects.ts';
import { removeObject } from './publish.ts';
import { copyObject, putObject } from './put.ts';
import type { DirectoryAccess } from './access.ts';
import { quoteName, requireObjectName } from '../name.ts';
import { requireExpected } from '../refusals.ts';
import type { Store } from '../store.ts';

export interface DirectoryStoreOptions {
  /** The root, an absolute path. It may be a symbolic link; inside the root links are not followed. */
  path: string;
  /** Whether a directory that is missing, or that is not marked as a store, is to become one. */
  create?: boolean;
  /** Look into a directory of backups that has no marker, as where somebody copied them. Then its absence says nothing. */
  unmarked?: boolean;
  clock: Clock;
  log: Log;
}

/**
 * Opens the store at `path`. Without `create` a missing directory, and one that lacks the marker of a store, are
 * OpsError `unavailable`: most likely the disk is not mounted. Nothing is written into either.
 */
export async function openDirectoryStore(options: DirectoryStoreOptions): Promise<Store> {
  const { create = false, unmarked = false, clock, log } = options;
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
  const mark = unmarked ? undefined : await openRoot({ path: root, create, clock, log });
  const isSafeToStage = !unmarked && (await isSafeToStageIn(root));
  return directoryStore(root, { clock, log }, { unmarked, isSafeToStage, id: mark?.id });
}

/** SQLite writes a snapshot by its path, which whoever else may make names in the root could lead elsewhere. */
async function isSafeToStageIn(root: string): Promise<boolean> {
  using held = await locateDirectory(root);
  return isOursAlone(await held.status());
}

function directoryStore(
  root: string,
  surroundings: { clock: Clock; log: Log },
  { unmarked, isSafeToStage, id }: { unmarked: boolean; isSafeToStage: boolean; id: string | undefined },
): Store {
  const description = `directory ${root}`;
  const act = (doing: string, name?: string) =>
    name === undefined ? `${doing} the ${description}` : `${doing} ${quoteName(name)} in the ${description}`;
  const onStore = <T>(said: string, operation: (access: DirectoryAccess) => Promise<T>) =>
    onRoot(root, said, { unmarked }, (held) => operation({ root: held, ...surroundings }));
  return {
    description,
    id,
    stagingDirectory: isSafeToStage ? root : undefined,
    isRemote: false,
    async put(name, file, options = {}) {
      const object = requireObjectName(name);
      return onStore(act('store', object), (access) => putObject(access, object, file, options));
    },
    async get(name, target, options = {}) {
      const object = requireObjectName(name);
      return onStore(act('get', object), (access) => getObject(access, object, target, options));
    },
    async openInPlace(name) {
      const object = requireObjectName(name);
      return onStore(act('read', object), (access) => openInPlace(access, object));
    },
    async read(name) {
      const object = requireObjectName(name);
      return onStore(act('read', object), (access) => readObject(access, object));
    },
    async list(prefix) {
      return onStore(act('list'), (access) => listObjects(access.root, prefix.replace(/^\/+/, '')));
    },
    async stat(name) {
      const object = requireObjectName(name);
      const found = await onStore(act('look for', object), (access) => findObject(access.root, object));
      return found.is === 'object' ? found.stored : undefined;
    },
    async copy(from, to, options = {}) {
      const [source, object] = [requireObjectName(from), requireObjectName(to)];
      return onStore(act('create', object), (access) => copyObject(access, source, object, options));
    },
    async remove(name, { expected } = {}) {
      const object = requireObjectName(name);
      await onStore(act('remove', object), async (access) => {
        const found = expected === undefined ? undefined : await findObject(access.root, object);
        if (found?.is === 'object') requireExpected(object, found.stored, { expected, where: description });
        await removeObject(access.root, object);
      });
    },
    async space() {
      return onStore(act('read the free space of'), () => fileSystemSpace(root));
    },
    examine: () => Promise.resolve([]),
    traffic: () => undefined,
  };
}

/**
 * Runs one operation in the root, which is held for it, while the store is there, before and after: an unmounted disk
 * must not look like a store without backups.
 */
async function onRoot<T>(
  path: string,
  act: string,
  { unmarked }: { unmarked: boolean },
  operation: (root: HeldDirectory) => Promise<T>,
): Promise<T> {
  try {
    if (!unmarked) await requireStoreMarker(path);
    using root = await locateDirectory(path);
    const work = async () => {
      try {
        return await operation(root);
      } catch (error) {
        throw await explainFailure(path, act, error);
      }
    };
    const result = await inKnownPaths(work);
    if (!unmarked) await requireStoreMarker(path);
    return result;
  } catch (error) {
    throw await explainFailure(path, act, error);
  }
}

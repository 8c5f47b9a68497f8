// A store that is not there yet, for a run that is only tried: it has nothing, and nothing can be put into it.
import { OpsError } from '../base/errors.ts';
import { fileSystemSpace } from '../files/space.ts';
import type { Store } from './store.ts';

/** The directory at `path`, which the first backup will make. */
export function noStoreYet(path: string): Store {
  const description = `directory ${path}, which is not made yet`;
  const refuse = (name: string) =>
    Promise.reject(new OpsError('missing', `cannot find ${name} in the ${description}`));
  return {
    description,
    id: undefined,
    stagingDirectory: path,
    isRemote: false,
    put: refuse,
    get: refuse,
    read: refuse,
    list: () => Promise.resolve([]),
    stat: () => Promise.resolve(undefined),
    copy: refuse,
    remove: () => Promise.resolve(),
    space: () => fileSystemSpace(path),
    examine: () => Promise.resolve([]),
    traffic: () => undefined,
  };
}

// The plain format under the suite of repositories, on whatever store.
import { manifestName } from '../../lib/backup/name.ts';
import { openRepository } from '../../lib/repository/open.ts';
import type { RepositoryFormat } from './repository-world.ts';
import { makeFile, type OpenedStore } from './store-world.ts';

/** The plain format, as the suite of repositories takes it. */
export const plain: RepositoryFormat = {
  ending: '.db',
  isPlain: true,
  open: openRepository,
  async spoilDescription(store, name) {
    await store.put(manifestName(name), await makeFile('format: yaml\n'), { replace: true });
  },
  async alterBytes(store, name) {
    const bytes = Buffer.from(await store.read(name));
    bytes.write('other', bytes.length - 100);
    await store.put(name, await makeFile(bytes), { replace: true });
  },
  loseBytes: (store, name) => store.remove(name),
};

/** A store that needs no cleaning up. */
export function opened(store: OpenedStore['store']): OpenedStore {
  return { store, reopen: async () => store, cleanUp: () => undefined };
}

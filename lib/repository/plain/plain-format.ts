// The plain format: a backup is a file that any tool of its engine opens, and a manifest beside it.
import { isSealedName } from '../../backup/name.ts';
import { requireSpace } from '../../files/space.ts';
import type { Format } from '../format.ts';
import type { RepositoryOptions } from '../options.ts';
import { addBackup, requireRoom } from './add.ts';
import { fetchSealed } from './fetch-sealed.ts';
import { finishPending } from './finish-pending.ts';

/** Opens it; nothing is read yet. */
export function plainFormat(options: RepositoryOptions): Format {
  const { store, naming, signal, progress } = options;
  return {
    add: (backup) => addBackup(options, backup),
    requireRoom: (backup) => requireRoom(options, backup),
    finishPending: () => finishPending(options),
    underWay: () => Promise.resolve([]),
    async fetch(entry, target, { listed }) {
      const { name, sizeBytes } = entry;
      if (isSealedName(name)) return fetchSealed(options, entry, target, listed);
      await requireSpace({ directory: target, neededBytes: sizeBytes, purpose: `fetch ${name}` });
      progress.start(`${naming.app}: fetching`, sizeBytes);
      const file = await store.get(name, target, { signal, onProgress: (done) => progress.update(done) });
      progress.end();
      return file;
    },
  };
}

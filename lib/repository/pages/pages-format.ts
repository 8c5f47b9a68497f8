// The format of pages: fulls, and increments on them, each in as many objects as it takes, and a manifest beside it.
import { errorMessage } from '../../base/errors.ts';
import type { Format } from '../format.ts';
import type { RepositoryOptions } from '../options.ts';
import { StoreIsFull } from '../room.ts';
import { addInPages } from './add.ts';
import { fetchFromPages } from './fetch.ts';
import { finishSpools } from './finish.ts';
import { type PagesState, pagesState } from './pages-state.ts';

/** Opens it; nothing is read yet. */
export function pagesFormat(
  options: RepositoryOptions,
  state: PagesState = pagesState(options.stateDirectory, options.naming.app, options.log),
): Format {
  const work = { options, state };
  return {
    add: (backup, { look }) => addInPages(work, backup, look),
    // What it takes is known when it was made; it is asked for then, and before anything is sent.
    requireRoom: async () => undefined,
    async finishPending() {
      try {
        await finishSpools(work);
      } catch (error) {
        // It stays in the spool. Whoever comes to remove something makes room for it.
        if (!(error instanceof StoreIsFull)) throw error;
        options.log.warn(errorMessage(error));
      }
    },
    underWay: async () => (await state.readSpools()).map(({ manifest }) => manifest.backup),
    fetch: (entry, target, help) => fetchFromPages(options, entry, target, help),
  };
}

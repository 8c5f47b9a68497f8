// The plain format: a backup is a file that any tool of its engine opens, and a manifest beside it.
import { manifestName } from '../../backup/name.ts';
import { verdictName } from '../../backup/verdict.ts';
import type { FileDigest } from '../../files/digest.ts';
import { requireSpace } from '../../files/space.ts';
import type { Store, Stored, StoreName } from '../../store/store.ts';
import { proveFile, unusable } from '../proof.ts';
import type { Fetched, Repository } from '../repository.ts';
import { addBackup, requireRoom } from './add.ts';
import { finishPending } from './finish-pending.ts';
import { readCatalogue } from './list.ts';
import type { PlainRepositoryOptions } from './options.ts';
import { putVerdict } from './put-verdict.ts';

/** Opens it; nothing is read yet. */
export function plainRepository(options: PlainRepositoryOptions): Repository {
  const { store, naming, signal, progress } = options;
  /** What the last list saw: it is what was decided on, and nothing that came after it is removed. */
  let listed = new Map<StoreName, Stored>();
  const fetch = async (entry: Fetched, target: string): Promise<FileDigest> => {
    const { name, sizeBytes } = entry;
    await requireSpace({ directory: target, neededBytes: sizeBytes, purpose: `fetch ${name}` });
    progress.start(`${naming.app}: fetching`, sizeBytes);
    const file = await store.get(name, target, { signal, onProgress: (done) => progress.update(done) });
    progress.end();
    return file;
  };
  return {
    async list() {
      const { listing, entries } = await readCatalogue(options);
      listed = new Map(listing.map((stored) => [stored.name, stored]));
      return entries;
    },
    holderOf: (name) => holderOf(store, name),
    requireRoom: (backup) => requireRoom(options, backup),
    add: (backup) => addBackup(options, backup),
    finishPending: () => finishPending(options),
    fetch,
    async prove(entry, source, target) {
      if (entry.state === 'damaged')
        return unusable(entry.name, entry.problem ?? 'its manifest cannot be used');
      const file = await fetch(entry, target);
      return proveFile(file, entry, source, { signal, progress, task: `${naming.app}: checking` });
    },
    condemn: (entry, found) => putVerdict(options, entry, found),
    async remove(name) {
      const verdict = verdictName(name);
      // One that the last list did not see is not asked for: it is about other bytes than those of the next of this name.
      const verdicts = listed.has(verdict) ? [verdict] : [];
      for (const part of [name, ...verdicts, manifestName(name)])
        await store.remove(part, { expected: listed.get(part) });
    },
  };
}

/** A manifest without its data is what is left of a backup that somebody removed: its name is not free either. */
async function holderOf(store: Store, name: StoreName): Promise<StoreName | undefined> {
  for (const part of [name, manifestName(name)]) if ((await store.stat(part)) !== undefined) return part;
  return undefined;
}

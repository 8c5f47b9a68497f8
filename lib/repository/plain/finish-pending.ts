// Finishes what a killed run had put into the store without its manifest.
import type { Manifest } from '../../backup/manifest.ts';
import { manifestName } from '../../backup/name.ts';
import { isSealed, type SealedManifest } from '../../backup/sealed-manifest.ts';
import type { StoredObject } from '../../backup/stored-part.ts';
import type { Store } from '../../store/store.ts';
import type { RepositoryOptions } from '../options.ts';
import { type Pending, pendingNote, readPending } from './pending.ts';
import { putManifest } from '../put-manifest.ts';
import { isAsMade } from '../stored-bytes.ts';

/** Completes the backup of the note where its bytes are in the store, and removes the note. */
export async function finishPending(options: RepositoryOptions): Promise<void> {
  const pending = await readPending(options);
  if (pending === undefined) return;
  const { store, log } = options;
  const { manifest, text } = pending;
  const { backup } = manifest;
  const [data, already] = [await store.stat(backup), await store.stat(manifestName(backup))];
  if (data !== undefined && (already === undefined || (await isOurs(store, pending)))) {
    const scratch = await options.scratch();
    try {
      if (already !== undefined || (await isAsMade(options, data, promised(manifest)))) {
        // Also where it is there: that does not say that its name is on the device, and the note is about to go.
        const replace = already !== undefined;
        await putManifest(store, scratch, manifest, text, { replace });
        if (already === undefined) log.info('finished the backup of a run that was killed', { backup });
      } else log.warn('a backup that a killed run had begun is not what it should be', { backup });
    } finally {
      await scratch.remove();
    }
  }
  await pendingNote(options).remove();
}

/** Whether the manifest in the store is the very one that was being put. */
async function isOurs(store: Store, { manifest, text }: Pending): Promise<boolean> {
  const found = await store.read(manifestName(manifest.backup));
  return Buffer.from(found).toString('utf8') === text;
}

/** What the object of its name has to be. */
function promised(manifest: Manifest | SealedManifest): Omit<StoredObject, 'name'> {
  const object = manifest.stored?.objects[0];
  if (object !== undefined) return object;
  if (isSealed(manifest)) throw new Error(`${manifest.backup} is sealed, and in no object`);
  return manifest;
}

// Finishes what a killed run had put into the store without its manifest.
import { formatManifest, type Manifest } from '../../backup/manifest.ts';
import { manifestName } from '../../backup/name.ts';
import type { Scratch } from '../../files/scratch.ts';
import type { Store, Stored } from '../../store/store.ts';
import type { RepositoryOptions } from '../options.ts';
import { pendingNote, readPending } from './pending.ts';
import { putManifest } from '../put-manifest.ts';

/** Completes the backup of the note where its bytes are in the store, and removes the note. */
export async function finishPending(options: RepositoryOptions): Promise<void> {
  const manifest = await readPending(options);
  if (manifest === undefined) return;
  const { store, log } = options;
  const { backup } = manifest;
  const [data, already] = [await store.stat(backup), await store.stat(manifestName(backup))];
  if (data !== undefined && (already === undefined || (await isOurs(store, manifest)))) {
    const scratch = await options.scratch();
    try {
      if (already !== undefined || (await holdsBytes(options, scratch, data, manifest))) {
        // Also where it is there: that does not say that its name is on the device, and the note is about to go.
        const replace = already !== undefined;
        await putManifest(store, scratch, manifest, formatManifest(manifest), { replace });
        if (already === undefined) log.info('finished the backup of a run that was killed', { backup });
      } else log.warn('a backup that a killed run had begun is not what it should be', { backup });
    } finally {
      await scratch.remove();
    }
  }
  await pendingNote(options).remove();
}

/** Whether the manifest in the store is the very one that was being put. */
async function isOurs(store: Store, manifest: Manifest): Promise<boolean> {
  const found = await store.read(manifestName(manifest.backup));
  return Buffer.from(found).toString('utf8') === formatManifest(manifest);
}

/** Whether an object has the bytes its manifest will vouch for: as the store's own hash says, else by reading it. */
async function holdsBytes(
  { store, signal }: RepositoryOptions,
  scratch: Scratch,
  data: Stored,
  manifest: Manifest,
): Promise<boolean> {
  if (data.sizeBytes !== manifest.sizeBytes) return false;
  if (data.contentHash !== undefined) return data.contentHash === manifest.contentHash;
  const found = await store.get(data.name, scratch.file('pending.db'), { signal });
  return found.sha256 === manifest.sha256;
}

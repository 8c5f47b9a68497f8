// What the store holds of an app, read afresh: the store's listing is the truth, not our memory.
import {
  catalogue,
  type CatalogueEntry,
  type CatalogueNaming,
  manifestNames,
} from '../../backup/catalogue.ts';
import { type Manifest, parseManifest } from '../../backup/manifest.ts';
import { backupPrefix } from '../../backup/name.ts';
import { OpsError } from '../../base/errors.ts';
import type { Store, Stored } from '../../store/store.ts';

/**
 * Every backup of the app, newest first, each with its state, and the listing that says so. One manifest that cannot be
 * read where others can makes one backup damaged; where none can, the store does not answer, and that is thrown.
 */
export async function readCatalogue(
  store: Store,
  naming: CatalogueNaming,
): Promise<{ listing: Stored[]; entries: CatalogueEntry[] }> {
  const listing = await store.list(backupPrefix(naming.layout, naming.app));
  const manifests = new Map<string, Manifest | OpsError>();
  let unread: OpsError | undefined;
  let answers = 0;
  for (const name of manifestNames(listing, naming)) {
    const manifest = await readManifest(store, name);
    manifests.set(name, manifest);
    const isUnread = manifest instanceof OpsError && manifest.kind === 'unavailable';
    // A second in a row: it is not that one's trouble, but the store's.
    if (isUnread && unread !== undefined) throw unread;
    unread = isUnread ? manifest : undefined;
    answers += isUnread ? 0 : 1;
  }
  if (unread !== undefined && answers === 0) throw unread;
  return { listing, entries: catalogue(listing, manifests, naming) };
}

/** A manifest, or why it cannot be used. */
async function readManifest(store: Store, name: string): Promise<Manifest | OpsError> {
  try {
    return parseManifest(Buffer.from(await store.read(name)).toString('utf8'), name);
  } catch (error) {
    if (error instanceof OpsError && ['damaged', 'missing', 'unavailable'].includes(error.kind)) return error;
    throw error;
  }
}

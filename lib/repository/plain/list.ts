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

/** Every backup of the app, newest first, each with its state, and the listing that says so. */
export async function readCatalogue(
  store: Store,
  naming: CatalogueNaming,
): Promise<{ listing: Stored[]; entries: CatalogueEntry[] }> {
  const listing = await store.list(backupPrefix(naming.layout, naming.app));
  const manifests = new Map<string, Manifest | OpsError>();
  /** What could not be read, until another could: then it is that one's trouble, and not the store's. */
  let unread: OpsError | undefined;
  for (const name of manifestNames(listing, naming)) {
    const manifest = await readManifest(store, name);
    manifests.set(name, manifest);
    const isUnread = manifest instanceof OpsError && manifest.kind === 'unavailable';
    if (isUnread && unread !== undefined) throw unread;
    unread = isUnread ? manifest : undefined;
  }
  if (unread !== undefined) throw unread;
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

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
import type { Store } from '../../store/store.ts';

/** Every backup of the app, newest first, each with its state. */
export async function readCatalogue(store: Store, naming: CatalogueNaming): Promise<CatalogueEntry[]> {
  const listing = await store.list(backupPrefix(naming.layout, naming.app));
  const manifests = new Map<string, Manifest | OpsError>();
  for (const name of manifestNames(listing, naming)) manifests.set(name, await readManifest(store, name));
  return catalogue(listing, manifests, naming);
}

/** A manifest, or why it cannot be used. That the store does not answer is no property of a manifest: it is thrown. */
async function readManifest(store: Store, name: string): Promise<Manifest | OpsError> {
  try {
    return parseManifest(Buffer.from(await store.read(name)).toString('utf8'), name);
  } catch (error) {
    if (error instanceof OpsError && (error.kind === 'damaged' || error.kind === 'missing')) return error;
    throw error;
  }
}

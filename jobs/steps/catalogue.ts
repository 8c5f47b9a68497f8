// What the store holds of an app, read afresh: the store's listing is the truth, not our memory.
import { backupPrefix } from '../../lib/backup/name.ts';
import {
  catalogue,
  type CatalogueEntry,
  type CatalogueNaming,
  manifestNames,
} from '../../lib/backup/catalogue.ts';
import { type Manifest, parseManifest } from '../../lib/backup/manifest.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp, Config } from '../../lib/config/config.ts';
import type { Store } from '../../lib/store/store.ts';

/** How this app's backups are named. */
export function namingOf(app: GuardedApp, { timeZone }: Config): CatalogueNaming {
  return { layout: app.layout, app: app.name, timeZone, latestName: app.latest ?? '' };
}

/** Every backup of the app, newest first, each with its state. */
export async function readCatalogue(
  store: Store,
  app: GuardedApp,
  config: Config,
): Promise<CatalogueEntry[]> {
  const naming = namingOf(app, config);
  const listing = await store.list(backupPrefix(app.layout, app.name));
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

/** The newest backup that is proven and not suspect: what a new one is compared with, and what is never removed. */
export function newestProven(entries: readonly CatalogueEntry[]): CatalogueEntry | undefined {
  return entries.find(({ state }) => state === 'proven');
}

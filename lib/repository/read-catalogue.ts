// What the store holds of an app, read afresh: the store's listing is the truth, not our memory.
import type { CatalogueEntry, Circumstances } from '../backup/catalogue.ts';
import { catalogue, manifestNames, verdictsIn } from '../backup/join-listing.ts';
import type { ReadManifest } from '../backup/judge-file.ts';
import { parseAnyManifest } from '../backup/sealed-manifest.ts';
import { backupPrefix } from '../backup/name.ts';
import { type FoundBad, parseVerdict } from '../backup/verdict.ts';
import { OpsError } from '../base/errors.ts';
import type { Store, Stored } from '../store/store.ts';
import { openManifests } from './open-manifests.ts';
import type { RepositoryOptions } from './options.ts';

/**
 * Every backup of the app, newest first, each with its state, and the listing that says so. One manifest that cannot be
 * read where others can makes one backup damaged; where none can, the store does not answer, and that is thrown.
 */
export async function readCatalogue(
  options: RepositoryOptions,
): Promise<{ listing: Stored[]; entries: CatalogueEntry[] }> {
  const { store, naming, clock } = options;
  const listing = await store.list(backupPrefix(naming.layout, naming.app));
  const manifests = await readManifests(store, manifestNames(listing, naming));
  const { opened, flawed } = await openManifests(options, manifests);
  const verdicts = await readVerdicts(options, listing);
  const known = new Map([...manifests, ...flawed]);
  return { listing, entries: catalogue(listing, known, naming, { verdicts, opened, now: clock.now() }) };
}

/**
 * The manifests of these names, each as what it says or as why it cannot be used. One that cannot be read though others can
 * is its own trouble; that none can is the store's, which says nothing of any backup: it is thrown.
 */
async function readManifests(store: Store, names: readonly string[]): Promise<Map<string, ReadManifest>> {
  const manifests = new Map<string, ReadManifest>();
  let unread: OpsError | undefined;
  let answers = 0;
  for (const name of names) {
    const manifest = await readRecord(store, name, parseAnyManifest);
    manifests.set(name, manifest);
    const isUnread = manifest instanceof OpsError && manifest.kind === 'unavailable';
    // A second in a row: it is not that one's trouble, but the store's.
    if (isUnread && unread !== undefined) throw unread;
    unread = isUnread ? manifest : undefined;
    answers += isUnread ? 0 : 1;
  }
  if (unread !== undefined && answers === 0) throw unread;
  return manifests;
}

/**
 * What the store says was found out about the backups, and what this machine remembers where it could not say it there.
 * That there is a verdict is in the listing, so one that does not come is never thrown: it makes no bad backup good.
 */
async function readVerdicts(
  { store, naming, remembered }: RepositoryOptions,
  listing: readonly Stored[],
): Promise<NonNullable<Circumstances['verdicts']>> {
  const found = new Map<string, (FoundBad | OpsError)[]>();
  for (const { backup, verdict } of verdictsIn(listing, naming))
    found.set(backup, [await readRecord(store, verdict, parseVerdict)]);
  for (const { backup, ...bad } of remembered()) found.set(backup, [...(found.get(backup) ?? []), bad]);
  return found;
}

/** What may be about one file alone. */
const ofOneFile: readonly string[] = [
  'damaged',
  'missing',
  'refused',
  'usage',
  'denied',
  'io',
  'unavailable',
];

/** A record of ours, or why it cannot be used. */
async function readRecord<T>(
  store: Store,
  name: string,
  parse: (text: string, name: string) => T,
): Promise<T | OpsError> {
  try {
    return parse(Buffer.from(await store.read(name)).toString('utf8'), name);
  } catch (error) {
    if (error instanceof OpsError && ofOneFile.includes(error.kind)) return error;
    throw error;
  }
}

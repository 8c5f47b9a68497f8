// How an app is protected, beside what is wrong with that: how far back its backups go, where they lie, who can open them, and what a
// restore would need.
import { type CatalogueEntry, newestProven } from '../../../lib/backup/catalogue.ts';
import { isSealedName } from '../../../lib/backup/name.ts';
import type { RetentionPolicy } from '../../../lib/backup/retention.ts';
import { formatBytes, formatCount, formatDuration, formatInstant } from '../../../lib/base/format.ts';
import { type GuardedApp, isFileApp } from '../../../lib/config/config.ts';
import { type Nearness, storeNearness } from '../../../lib/probe/store-nearness.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { View } from '../../../lib/run/job.ts';
import { neededBackups } from '../../steps/needed-backups.ts';
import { policyWords } from './prune-words.ts';

/** Where the backups are: in Dropbox, or how near to the database; undefined where nobody can tell. */
type Place = 'dropbox' | Nearness;

export interface Standing {
  policy: RetentionPolicy;
  /** The oldest proven one: a restore can go back so far. */
  oldestProven: { name: string; takenAt: Date } | undefined;
  place: Place | undefined;
  /** Not lost with the machine. */
  offsite: boolean | undefined;
  /** Whether the newest proven backup opens for its owner alone, and whether the next one will. */
  sealed: { newest: boolean; next: boolean };
  /** Of the newest proven one; undefined where there is none. */
  restore:
    { fetchBytes: number; backups: number; needsIdentity: boolean; stops: string | undefined } | undefined;
  /** What is risky in how it is set up: no bad news, for it was so yesterday as well. */
  risks: string[];
}

export async function standingOf(
  context: JobContext,
  app: GuardedApp,
  entries: readonly CatalogueEntry[],
  isRead: boolean,
): Promise<Standing> {
  const { config } = context;
  const newest = newestProven(entries);
  const oldest = entries.findLast(({ state }) => state === 'proven');
  const place = await placeOf(context, app, isRead);
  const isSealed = newest !== undefined && isSealedName(newest.name);
  const needed = newest && neededBackups(newest, entries);
  const services = context.services(app);
  return {
    policy: app.keep,
    oldestProven: oldest && { name: oldest.name, takenAt: oldest.takenAt },
    place,
    offsite: place === undefined ? undefined : place === 'dropbox' || place === 'served',
    sealed: { newest: isSealed, next: config.encryption !== undefined },
    restore: needed && {
      fetchBytes: needed.fetchBytes,
      backups: needed.chain?.length ?? 1,
      needsIdentity: isSealed,
      stops: services.isNone ? undefined : services.describe(),
    },
    risks: place === undefined ? [] : risksOf(place, context),
  };
}

/** Of a database that cannot be read nothing more is asked: it may lie on what never answers. */
async function placeOf(
  { config: { store } }: JobContext,
  app: GuardedApp,
  isRead: boolean,
): Promise<Place | undefined> {
  if (store.kind === 'dropbox') return 'dropbox';
  // Where a server keeps its files is for it to know.
  return isRead && isFileApp(app) ? storeNearness({ store: store.path, database: app.database }) : undefined;
}

function risksOf(place: Place, { config: { store } }: JobContext): string[] {
  const path = store.kind === 'directory' ? store.path : '';
  const lost = {
    'in-app': `the store ${path} lies in the directory of the database: what removes the app removes its backups`,
    'around-app': `the database lies in the store ${path}: what is done to the one is done to the other`,
    'same-disk': `the store ${path} is on the disk of the database: when that fails, both are gone`,
  };
  return place in lost ? [lost[place as keyof typeof lost]] : [];
}

const placeWords: Record<Place, string> = {
  dropbox: 'in Dropbox, away from this machine',
  served: 'in a directory that another machine or program serves',
  elsewhere: 'on another disk of this machine',
  'same-disk': 'on the disk of the database',
  'in-app': 'in the directory of the database',
  'around-app': 'around the database',
};

/** What a person reads of it. */
export function standingLines(standing: Standing, { now, timeZone }: View): string[] {
  const { policy, oldestProven, place, sealed, restore, risks } = standing;
  const span =
    oldestProven === undefined
      ? 'goes back to nothing'
      : `goes back ${formatDuration(Math.max(0, now.getTime() - oldestProven.takenAt.getTime()))}, to ${formatInstant(oldestProven.takenAt, timeZone)}`;
  return [
    `  history: ${span}; keeps ${policyWords(policy)}`,
    ...(place === undefined ? [] : [`  lies: ${placeWords[place]}`]),
    `  sealed: ${sealedWords(sealed)}`,
    ...(restore === undefined ? [] : [`  a restore: ${restoreWords(restore)}`]),
    ...risks.map((risk) => `  WARNING: ${risk}`),
  ];
}

function sealedWords({ newest, next }: Standing['sealed']): string {
  if (newest === next)
    return newest ? 'yes, for who has the identity' : 'no, whoever reads the store can read them';
  return newest ? 'the newest is, the next one will not be' : 'the next one will be, the newest is not';
}

function restoreWords({
  fetchBytes,
  backups,
  needsIdentity,
  stops,
}: NonNullable<Standing['restore']>): string {
  return [
    `fetches ${formatBytes(fetchBytes)} (${formatCount(backups, 'backup')})`,
    stops === undefined ? 'stops nothing: stop the app yourself first' : `stops and starts ${stops}`,
    ...(needsIdentity ? ['needs the identity'] : []),
  ].join(', ');
}

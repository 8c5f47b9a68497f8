// A proven backup of one app, in one format or in several, in the order that makes it safe: copy, prove, publish.
import { type CatalogueEntry, newestProven } from '../../lib/backup/catalogue.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import type { BackupFormat } from '../../lib/backup/name.ts';
import { reasonsOf } from '../../lib/backup/suspicion.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import { configOption } from '../../lib/run/config-option.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import { type ProvenSnapshot, proveSnapshot, snapshotSummary } from './snapshot.ts';
import { acceptCommand } from './accept-command.ts';
import { describeBackup, type Said } from './describe-backup.ts';
import { type FreeName, freeNames } from './free-name.ts';
import { type Acceptance, judge } from './judge.ts';
import { removeClearLatest } from './latest-copy.ts';
import { leaveCopy } from './leave-copy.ts';
import { requireLiveHere } from './live-here.ts';
import { type StoredBackup, storeBackups, type ToStore } from './store-backups.ts';
import { isUnchangedNight, keepLatest, unchangedSince } from './unchanged-since.ts';

/** What was asked of one backup. */
export interface BackupOrder {
  /** A name given by a person instead of the time. */
  label: string | undefined;
  /** What a person notes of it. */
  note?: string | undefined;
  acceptance: Acceptance;
  /** Refresh the latest copy too, where the app has one. */
  refreshLatest: boolean;
  /** One backup in each; the first is the one that is told of. */
  formats: readonly BackupFormat[];
  /** Whether a whole file is stored though the newest one holds the very database; of pages none ever is. */
  storesUnchanged: boolean;
  /** Until when a full that waits for its window may be made and sent; undefined where the window is not open. */
  until?: Date | undefined;
}

/** The format of an app's backups where one is enough: the first that it names. */
export function ownFormat({ formats }: GuardedApp): BackupFormat {
  return formats[0] ?? 'plain';
}

/** How many copies this machine has to have room for at once. */
export function localCopies(store: Store, app: GuardedApp, { refreshLatest, formats }: BackupOrder): number {
  const latest = store.isRemote || app.latest === undefined || !refreshLatest ? 0 : 1;
  return formats.length + latest;
}

/** A backup that stands in the store. */
export interface BackupReport {
  backup: string;
  manifest: Manifest;
  /** In each format that was asked for, the first of them `backup`. */
  stored: StoredBackup[];
  snapshot: ProvenSnapshot['report'];
  /** Why it is kept, but trusted neither to replace the latest copy nor to let older ones go (P3). */
  suspect: string[];
  /** Where it is suspect: what accepts that, to be typed as it is, and the newest good backup, since which nothing is pruned. */
  decision: { acceptWith: string; newestProven: string | undefined } | undefined;
  /** The latest copy, where it was refreshed. */
  latest: string | undefined;
  /** The one in clear of the days before backups were sealed, where it was removed. */
  clearLatest: string | undefined;
  /** What the store holds by now, as `repository` listed it when this backup stood. */
  entries: CatalogueEntry[];
  repository: Repository;
  /** The database is the very one of `backup`, which was made before: nothing new was stored, in no format. */
  unchanged: boolean;
}

/** Snapshots, proves and publishes. Called under the app's lock. Nothing old is touched. */
export async function backUpApp(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  order: BackupOrder,
): Promise<BackupReport> {
  const promotion = await requireLiveHere(context, app);
  const repository = await context.openRepository(app);
  await repository.finishPending();
  const scratch = await context.scratch(store.stagingDirectory);
  try {
    const { names, takenAt } = await freeNames(context, repository, app, order);
    const copies = localCopies(store, app, order);
    const snapshot = await proveSnapshot(context, app, scratch, {
      ...{ copies, takenAt, pages: order.formats.includes('pages') },
    });
    const entries = await repository.list();
    const previous = newestProven(entries);
    const { measured } = snapshot;
    const judgement = isUnchangedNight(app, previous, { order, snapshot })
      ? { suspect: [], accepted: [] }
      : judge(context, app, { entries, measured, acceptance: order.acceptance, promotion });
    const suspect = reasonsOf(judgement.suspect);
    const known = unchangedSince(context, app, entries, { order, snapshot, suspect, judgement });
    const latest = order.refreshLatest && suspect.length === 0 ? app.latest : undefined;
    if (order.refreshLatest && suspect.length === 0) await leaveCopy(context, app, snapshot.digest);
    const toStore = await describeAll(
      context,
      app,
      names.filter(({ format }) => !known.has(format)),
      { snapshot, said: { ...judgement, promotion, note: order.note } },
    );
    const refreshed = toStore.length === 0 ? undefined : latest;
    const made = await storeBackups(context, app, repository, toStore, {
      ...{ snapshot, scratch, latest: refreshed, until: order.until },
    });
    if (toStore.length === 0) await keepLatest(store, repository, latest, { snapshot, scratch });
    const clearLatest = latest === undefined ? undefined : await removeClearLatest(context, store, app);
    const stored = names.map(({ format }) => made.stored.get(format) ?? asKept(known.get(format), format));
    noteLooks(context, app, stored, suspect);
    const first = firstOf(stored);
    const backups = stored.filter(({ made: how }) => how !== 'nothing').map(({ backup }) => backup);
    const unchanged = toStore.length === 0;
    if (unchanged) context.log.info(`${app.name}: unchanged since ${first.backup}`);
    else
      context.log.info(`${app.name}: backed up`, {
        backup: backups.join(', '),
        copied: snapshotSummary(snapshot),
      });
    return {
      backup: first.backup,
      manifest: first.manifest,
      stored,
      suspect,
      decision: decisionOn(context, app, suspect, previous),
      snapshot: snapshot.report,
      latest,
      clearLatest,
      entries: made.entries ?? entries,
      repository,
      unchanged,
    };
  } finally {
    await removeQuietly(context, scratch);
  }
}

/** What each of the names will be. */
async function describeAll(
  context: JobContext,
  app: GuardedApp,
  names: readonly FreeName[],
  { snapshot, said }: { snapshot: ProvenSnapshot; said: Said },
): Promise<ToStore[]> {
  const described: ToStore[] = [];
  for (const { format, name } of names)
    described.push({ format, manifest: await describeBackup(context, app, snapshot, name, said) });
  return described;
}

/** One that stood before, and is what would have been stored. */
function asKept(manifest: Manifest | undefined, format: BackupFormat): StoredBackup {
  if (manifest === undefined) throw new Error(`nothing was stored in ${format}, and nothing was there`);
  const nothing = { made: 'nothing', storedBytes: 0, why: undefined, underWay: undefined } as const;
  return { format, backup: manifest.backup, manifest, ...nothing };
}

/** That the database was looked at is what makes it known later on that a backup is as new as the look. */
function noteLooks(
  { history, runId }: JobContext,
  { name: app }: GuardedApp,
  stored: readonly StoredBackup[],
  suspect: readonly string[],
): void {
  if (suspect.length > 0) return;
  for (const { made, backup: name } of stored)
    if (made === 'nothing') history.recordLook({ app, name, runId });
}

function firstOf([first]: readonly StoredBackup[]): StoredBackup {
  if (first === undefined) throw new Error('a backup in no format was asked for');
  return first;
}

function decisionOn(
  { config }: JobContext,
  { name }: GuardedApp,
  suspect: readonly string[],
  previous: CatalogueEntry | undefined,
): BackupReport['decision'] {
  if (suspect.length === 0) return undefined;
  return {
    acceptWith: acceptCommand('run', suspect, name, configOption(config)),
    newestProven: previous?.name,
  };
}

async function removeQuietly({ log }: JobContext, scratch: Scratch): Promise<void> {
  await scratch.remove().catch(() => {
    // How the backup went is the news; the next run sweeps what stayed.
    log.warn('a scratch directory could not be removed; the next run will', { path: scratch.path });
  });
}

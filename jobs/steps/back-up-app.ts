// One proven backup of one app, in the order that makes it safe: copy, prove, publish.
import { isDeepStrictEqual } from 'node:util';
import { type CatalogueEntry, newestProven, storedPartOf } from '../../lib/backup/catalogue.ts';
import type { Manifest } from '../../lib/backup/manifest.ts';
import { reasonsOf } from '../../lib/backup/suspicion.ts';
import { OpsError } from '../../lib/base/errors.ts';
import type { GuardedApp } from '../../lib/config/config.ts';
import { backupPlace } from '../../lib/history/rows.ts';
import type { Scratch } from '../../lib/files/scratch.ts';
import type { Repository } from '../../lib/repository/repository.ts';
import { configOption } from '../../lib/run/config-option.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Store } from '../../lib/store/store.ts';
import { type ProvenSnapshot, proveSnapshot, snapshotSummary } from './snapshot.ts';
import { acceptCommand } from './accept-command.ts';
import { describeBackup } from './describe-backup.ts';
import { freeName } from './free-name.ts';
import { type Acceptance, judge } from './judge.ts';
import { leaveCopy } from './leave-copy.ts';
import { requireLiveHere } from './live-here.ts';

/** What was asked of one backup. */
export interface BackupOrder {
  /** A name given by a person instead of the time. */
  label: string | undefined;
  acceptance: Acceptance;
  /** Refresh the latest copy too, where the app has one. */
  refreshLatest: boolean;
}

/** How many copies this machine has to have room for at once. */
export function localCopies(store: Store, app: GuardedApp, { refreshLatest }: BackupOrder): number {
  return store.isRemote || app.latest === undefined || !refreshLatest ? 1 : 2;
}

/** A backup that stands in the store. */
export interface BackupReport {
  backup: string;
  manifest: Manifest;
  snapshot: ProvenSnapshot['report'];
  /** Why it is kept, but trusted neither to replace the latest copy nor to let older ones go (P3). */
  suspect: string[];
  /** Where it is suspect: what accepts that, to be typed as it is, and the newest good backup, since which nothing is pruned. */
  decision: { acceptWith: string; newestProven: string | undefined } | undefined;
  /** The latest copy, where it was refreshed. */
  latest: string | undefined;
  /** What the store holds by now, as `repository` listed it when this backup stood. */
  entries: CatalogueEntry[];
  repository: Repository;
  /** The database is the very one of `backup`, which was made before: nothing new was stored. */
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
    const { name, takenAt } = await freeName(context, repository, app, order.label);
    const copies = localCopies(store, app, order);
    const snapshot = await proveSnapshot(context, app, scratch, { copies, takenAt });
    const entries = await repository.list();
    const previous = newestProven(entries);
    if (order.refreshLatest && isSame(app, previous, snapshot)) {
      await leaveCopy(context, app, snapshot.digest);
      return { ...(await keepPrevious(context, store, app, previous, snapshot)), entries, repository };
    }
    const { measured } = snapshot;
    const judgement = judge(context, app, { entries, measured, acceptance: order.acceptance, promotion });
    const suspect = reasonsOf(judgement.suspect);
    const decision = decisionOn(context, app, suspect, previous);
    const told = { suspect, decision, snapshot: snapshot.report };
    const again =
      judgement.accepted.length === 0 ? sameSuspect(entries, order, snapshot, suspect) : undefined;
    if (again !== undefined)
      return {
        backup: again.backup,
        manifest: again,
        ...told,
        latest: undefined,
        unchanged: true,
        entries,
        repository,
      };
    const latest = order.refreshLatest && suspect.length === 0 ? app.latest : undefined;
    if (order.refreshLatest && suspect.length === 0) await leaveCopy(context, app, snapshot.digest);
    const manifest = await describeBackup(context, app, snapshot, name, { ...judgement, promotion });
    const { blocked } = await repository.add({
      file: snapshot.digest,
      manifest,
      refreshLatest: latest !== undefined,
      scratch,
    });
    const after = await requireListed(repository, manifest);
    recordBackup(context, manifest, after);
    if (blocked !== undefined) throw blocked;
    context.log.info(`${app.name}: backed up`, {
      backup: manifest.backup,
      copied: snapshotSummary(snapshot),
    });
    return {
      backup: manifest.backup,
      manifest,
      ...told,
      latest,
      entries: after,
      repository,
      unchanged: false,
    };
  } finally {
    await removeQuietly(context, scratch);
  }
}

/**
 * The list as it is now. A backup is made when the reader's own code calls it one, and not when the last write came back:
 * throws OpsError `damaged` where it does not, before anything older is touched.
 */
async function requireListed(repository: Repository, { app, backup, suspect }: Manifest) {
  const entries = await repository.list();
  const entry = entries.find(({ name }) => name === backup);
  if (entry?.state === (suspect.length === 0 ? 'proven' : 'suspect')) return entries;
  const problem = entry?.problem === undefined ? '' : `: ${entry.problem}`;
  throw new OpsError(
    'damaged',
    `cannot count on the backup of ${app} that was just made: ${backup} is listed as ${entry?.state ?? 'nothing at all'}${problem}`,
    { hint: `nothing older was removed; look at what is there: db-backup list-backups --app ${app}` },
  );
}

function recordBackup(context: JobContext, manifest: Manifest, entries: readonly CatalogueEntry[]): void {
  const { backup: name, app, takenAt, sizeBytes, sha256, suspect } = manifest;
  const listed = entries.find((entry) => entry.name === name) ?? { name, storedBytes: sizeBytes, manifest };
  context.history.recordBackup({
    name,
    app,
    runId: context.runId,
    takenAt,
    sizeBytes,
    sha256,
    state: suspect.length === 0 ? 'proven' : 'suspect',
    ...backupPlace(listed, storedPartOf(listed)),
  });
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

/**
 * The newest backup, where it is of the very same database and suspect for the same reasons. Nothing is pruned until somebody
 * decides: a copy a night of what did not change would fill the store meanwhile.
 */
function sameSuspect(
  [newest]: readonly CatalogueEntry[],
  { label }: BackupOrder,
  { digest }: ProvenSnapshot,
  suspect: readonly string[],
): Manifest | undefined {
  if (label !== undefined || suspect.length === 0 || newest?.state !== 'suspect') return undefined;
  const { manifest } = newest;
  const isSameDatabase = manifest?.sha256 === digest.sha256 && newest.named !== true;
  return isSameDatabase && isDeepStrictEqual(manifest.suspect, suspect) ? manifest : undefined;
}

/**
 * In the classic layout, which keeps the newest N, a night without changes makes no new backup: N equal ones would push
 * out the last different one. The app layout keeps by days and needs one a night to tell that there was one.
 */
function isSame(
  { layout }: GuardedApp,
  previous: CatalogueEntry | undefined,
  { digest }: ProvenSnapshot,
): previous is CatalogueEntry & { manifest: Manifest } {
  return layout === 'classic' && previous?.manifest?.sha256 === digest.sha256;
}

/** Nothing new to store; but the latest copy must be what it would have been. */
async function keepPrevious(
  context: JobContext,
  store: Store,
  app: GuardedApp,
  { name, manifest }: CatalogueEntry & { manifest: Manifest },
  { digest, report }: ProvenSnapshot,
): Promise<Omit<BackupReport, 'entries' | 'repository'>> {
  const { latest } = app;
  const found = latest === undefined ? undefined : await store.stat(latest);
  const isThere =
    found?.sizeBytes === digest.sizeBytes && (found.contentHash ?? digest.contentHash) === digest.contentHash;
  if (latest !== undefined && !isThere)
    await store.put(latest, digest, { replace: true, consume: true, signal: context.signal });
  context.log.info(`${app.name}: unchanged since ${name}`);
  return {
    backup: name,
    manifest,
    snapshot: report,
    suspect: [],
    decision: undefined,
    latest,
    unchanged: true,
  };
}

async function removeQuietly({ log }: JobContext, scratch: Scratch): Promise<void> {
  await scratch.remove().catch(() => {
    // How the backup went is the news; the next run sweeps what stayed.
    log.warn('a scratch directory could not be removed; the next run will', { path: scratch.path });
  });
}
